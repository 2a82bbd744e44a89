import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RolldownOptions, rolldown } from 'rolldown';
import { temporaryDirectory } from './program.ts';

/** The program as it is built, of the sources as they are; far from node_modules, so that what is not in it is missing. */
export async function bundled(): Promise<string> {
  const directory = join(temporaryDirectory(), 'dist');
  const root = new URL('../..', import.meta.url);
  const { default: config } = (await import(new URL('rolldown.config.mjs', root).href)) as {
    default: RolldownOptions & { output: object };
  };
  const bundle = await rolldown({ ...config, cwd: fileURLToPath(root) });
  await bundle.write({ ...config.output, dir: directory });
  await bundle.close();
  return directory;
}
