import { placeLabel, type RunsOn } from '../../../config/runs-on.ts';
import { shellWord } from '../../../text/shell.ts';
import { type AppContext, type AppState, appCheckSteps, startSteps, stopSteps } from '../../app/steps.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import type { RestoreState } from './state.ts';

export interface Hooks {
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Where they run. */
  readonly place: RunsOn;
  /** Whose application is stopped meanwhile, and asked at the end. */
  readonly app?: AppContext;
}

/** A command as the plan shows it, with where it runs. */
export function hookPreview(command: string, place: RunsOn): string {
  const where = place.kind === 'local' ? '' : `on ${placeLabel(place)}: `;
  return `${where}sh -c ${shellWord(command)}`;
}

interface Around extends Pick<RestoreState, 'stopped'> {
  readonly app?: AppState;
}

/** What is done before clients are interrupted, and must succeed: the command, then the application is stopped. */
export function beforeStep(hooks: Hooks, state: Around): Step[] {
  const { app } = hooks;
  const stop = app === undefined || state.app === undefined ? [] : stopSteps(app, state.app);
  return [...commandBefore(hooks, state), ...stop];
}

function commandBefore({ before, after, place }: Hooks, state: Around): Step[] {
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
 * What is done when it is over: the application is started, the command run, and the application asked. The first two
 * always come where their counterpart was begun. When one fails, what is in place stays, and can be undone.
 */
export function afterStep(hooks: Hooks, state: Around & Pick<RestoreState, 'replaced'>): Step[] {
  const { app } = hooks;
  const start = app === undefined || state.app === undefined ? [] : startSteps(app, state.app);
  return [...start, ...commandAfter(hooks, state), ...(app === undefined ? [] : appCheckSteps(app))];
}

function commandAfter(
  { before, after, place }: Hooks,
  state: Around & Pick<RestoreState, 'replaced'>,
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
