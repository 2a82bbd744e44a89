import type { Model } from '../../app/core/model.ts';
import type { AnyView } from '../../app/core/view.ts';
import { askedOnDemand, missingOf } from '../../app/views/fields.ts';
import type { Session } from '../../db/client.ts';
import { note } from '../output.ts';
import type { Choice } from './choice.ts';
import type { interruptible } from './interruptible.ts';

/** Rates need two readings; the system counts hundredths of a second. */
const BETWEEN_SECONDS = 0.5;

/**
 * Reads what the rows of a view take of this machine, where it has columns of that: the first time over a connection
 * twice, for the rates, unless the next reading comes anyway and nobody has chosen rows by them. Tells who has what is
 * missing.
 */
export async function readProcesses(
  view: AnyView,
  { session, model }: { readonly session: Session; readonly model: Model },
  { choice, watching }: { readonly choice: Choice; readonly watching: boolean },
  stop: ReturnType<typeof interruptible>,
): Promise<void> {
  const { backend, columns } = view;
  if (backend === undefined || columns.every(({ onDemand }) => onDemand === undefined)) return;
  const first = model.processes === undefined;
  model.processes ??= await sessionProcesses();
  const { processes } = model;
  const sessions = view.rows(model).flatMap((row) => backend(row) ?? []);
  processes.read(session, sessions);
  if (!first) return;
  const asked = askedOnDemand(view, choice).length > 0;
  const missing = missingOf(view, choice, model);
  if (missing !== undefined) note(`pgdeck: ${missing}`);
  if (!processes.known || sessions.length === 0 || (watching && !asked)) return;
  if (await stop.after(BETWEEN_SECONDS)) return;
  processes.read(session, sessions);
}

async function sessionProcesses(): Promise<NonNullable<Model['processes']>> {
  const [{ SessionProcesses }, { Processes }] = await Promise.all([
    import('../../app/processes/figures.ts'),
    import('../../hosts/processes.ts'),
  ]);
  return new SessionProcesses(new Processes());
}
