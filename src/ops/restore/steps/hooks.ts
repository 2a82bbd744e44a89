import { placeLabel, type RunsOn } from '../../../config/runs-on.ts';
import { shellWord } from '../../../text/shell.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import type { RestoreState } from './state.ts';

export interface Hooks {
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Where they run. */
  readonly place: RunsOn;
}

/** A command as the plan shows it, with where it runs. */
export function hookPreview(command: string, place: RunsOn): string {
  const where = place.kind === 'local' ? '' : `on ${placeLabel(place)}: `;
  return `${where}sh -c ${shellWord(command)}`;
}

/** The command that is run before clients are interrupted; it must succeed. */
export function beforeStep({ before, after, place }: Hooks, state: Pick<RestoreState, 'stopped'>): Step[] {
  if (before === undefined) return [];
  return [
    {
      id: 'before',
      title: 'Run the command before',
      preview: hookPreview(before, place),
      run: async (io) => {
        // recover runs the one after, should this process die
        io.record({ hooks: { before, after: after ?? null } });
        state.stopped = true;
        await inApp(io, before);
      },
    },
  ];
}

/**
 * The command that is run when it is over. It always runs where the one before was begun. When it fails, what is in
 * place stays, and can be undone.
 */
export function afterStep(
  { before, after, place }: Hooks,
  state: Pick<RestoreState, 'stopped' | 'replaced'>,
): Step[] {
  if (after === undefined) return [];
  return [
    {
      id: 'after',
      title: 'Run the command after',
      preview: hookPreview(after, place),
      always: true,
      late: true,
      run: async (io) => {
        if (!state.stopped && (before !== undefined || !state.replaced)) {
          io.line('Not needed: nobody was interrupted.');
          return;
        }
        await runAfter(io, after);
      },
    },
  ];
}

/** Runs it, and notes that it was. Throws {@link ../../error.ts OpError} when it fails. */
export async function runAfter(io: StepIo, command: string): Promise<void> {
  await inApp(io, command);
  io.record({ after_ran: true });
}

/** Where the application's commands run. Throws CommandError where that is not reached, and OpError. */
export async function inApp(io: StepIo, command: string): Promise<void> {
  const on = await io.at('app');
  if (on.kind !== 'local') io.line(`In ${on.label}: ${command}`);
  await io.exec('sh', ['-c', command], { on });
}
