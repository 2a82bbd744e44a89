import type { Model } from '../../app/core/model.ts';
import type { AnyView } from '../../app/core/view.ts';
import { asksOnDemand } from '../../app/views/fields.ts';
import type { Session } from '../../db/client.ts';
import { note } from '../output.ts';
import type { Choice } from './choice.ts';
import type { interruptible } from './interruptible.ts';

/** Rates need two readings. */
const BETWEEN_SECONDS = 1;

/**
 * Reads what the rows of a view take of this machine, where it has columns of that; when rows are chosen by them the first
 * time too, twice: the first reading has no rates. Says what is missing then.
 */
export async function readProcesses(
  view: AnyView,
  { session, model }: { readonly session: Session; readonly model: Model },
  { choice, round }: { readonly choice: Choice; readonly round: number },
  stop: ReturnType<typeof interruptible>,
): Promise<void> {
  const { backend, columns } = view;
  if (backend === undefined || columns.every(({ onDemand }) => onDemand === undefined)) return;
  model.processes ??= await sessionProcesses();
  const { processes } = model;
  const sessions = view.rows(model).flatMap((row) => backend(row) ?? []);
  processes.read(session, sessions);
  if (round > 0 || !asksOnDemand(view, choice)) return;
  const missing = processes.reason ?? processes.ioReason;
  if (missing !== undefined) note(`pgdeck: ${missing}`);
  if (!processes.known || (await stop.after(BETWEEN_SECONDS))) return;
  processes.read(session, sessions);
}

async function sessionProcesses(): Promise<NonNullable<Model['processes']>> {
  const [{ SessionProcesses }, { Processes }] = await Promise.all([
    import('../../app/processes/figures.ts'),
    import('../../hosts/processes.ts'),
  ]);
  return new SessionProcesses(new Processes());
}
