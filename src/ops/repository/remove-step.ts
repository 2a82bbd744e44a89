import type { Step } from '../engine/plan.ts';
import { discard } from './publish.ts';

/** Removes directories that nobody lists, one after the other. */
export function removeStep(title: string, paths: readonly string[]): Step {
  return {
    id: 'remove',
    title,
    preview: paths.map((path) => `rm -r ${path}`).join('\n'),
    run: async (io) => {
      for (const path of paths) {
        await discard({ path });
        io.line(`removed ${path}`);
      }
    },
  };
}
