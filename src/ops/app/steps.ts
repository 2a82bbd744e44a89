import type { AppPart, AppSettings } from '../../config/app.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Step } from '../engine/plan.ts';
import { checkSteps } from './check.ts';
import { seenPart, startPart, startText, stopPart, stopText } from './parts.ts';
import type { StoppedPart } from './stopped.ts';

/** The application around a plan: what its steps leave to each other. */
export interface AppState {
  stopped: StoppedPart[];
}

/** What of a context the application's steps need. */
export type AppContext = Pick<OpContext, 'runsOn' | 'app'>;

/** The parts, those that leave it open in the project of the server or in its cluster: another may be current. */
function partsOf({ app, runsOn: { server } }: AppContext): readonly AppPart[] {
  return app.parts.map((part): AppPart => {
    if (part.kind === 'compose' && server.kind === 'compose')
      return { ...part, project: part.project ?? server.project };
    if (part.kind !== 'kubectl' || server.kind !== 'kubectl' || part.context !== undefined) return part;
    const { context, namespace } = server;
    return { ...(context && { context }), ...(namespace && { namespace }), ...part };
  });
}

/** Stops it, each part when it is known how it is started as it was: that is in the journal before. */
export function stopSteps(context: AppContext, state: AppState): Step[] {
  const parts = partsOf(context);
  if (parts.length === 0) return [];
  return [
    {
      id: 'app-stop',
      title: 'Stop the application',
      preview: parts.map(stopText).join('\n'),
      effect: 'the application is down until it is started again',
      run: async (io) => {
        const on = await io.at('app');
        for (const part of parts) {
          const seen = await seenPart(io, on, part);
          state.stopped.push(seen);
          io.record({ app: state.stopped, app_started: false });
          await stopPart(io, on, part, seen);
          io.crashPoint(`app-stop:${part.kind}`);
        }
      },
    },
  ];
}

/** Starts what was stopped, the last first, also where the run has failed; then it is asked whether it is well. */
export function startSteps(context: AppContext, state: AppState): Step[] {
  const parts = partsOf(context);
  if (parts.length === 0) return [];
  return [
    {
      id: 'app-start',
      title: 'Start the application as it was',
      preview: parts.toReversed().map(startText).join('\n'),
      always: true,
      late: true,
      run: async (io) => {
        if (state.stopped.length === 0) {
          io.line('Not needed: it was not stopped.');
          return;
        }
        await startAll(io, state.stopped);
      },
    },
  ];
}

/** What is asked at the end, once all is to be up. */
export const appCheckSteps = ({ app }: { readonly app: AppSettings }): Step[] => checkSteps(app.check);

/** Every part is tried; the first failure is thrown. Notes that all were started. */
export async function startAll(
  io: Parameters<Step['run']>[0],
  stopped: readonly StoppedPart[],
): Promise<void> {
  const on = await io.at('app');
  const failures: unknown[] = [];
  for (const part of stopped.toReversed())
    await startPart(io, on, part).catch((error: unknown) => {
      failures.push(error);
    });
  if (failures.length > 0) throw failures[0];
  io.record({ app_started: true });
}

/** Of a run that was killed: starts what it has left stopped. */
export function recoverSteps(stopped: readonly StoppedPart[]): Step[] {
  if (stopped.length === 0) return [];
  return [
    {
      id: 'app-start',
      title: 'Start the application as it was, which the run did not come to',
      preview: stopped.toReversed().map(startText).join('\n'),
      run: (io) => startAll(io, stopped),
    },
  ];
}
