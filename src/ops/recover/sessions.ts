import { setTimeout as delay } from 'node:timers/promises';
import { quoteLiteral } from '../../db/ident.ts';
import type { OpContext } from '../context.ts';
import type { Run } from '../journal/runs.ts';
import type { Step, StepIo } from '../operation.ts';
import { maintenance } from '../restore/swap/maintenance.ts';
import { maintenanceSession } from '../run/lock.ts';
import { applicationNameOf } from '../run/runner.ts';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 50;

/** Ends what a killed run still does on the server; undefined when nobody there bears its name. */
export async function endSessionsStep({ id }: Run, context: OpContext): Promise<Step | undefined> {
  const name = applicationNameOf(id);
  const looking = await maintenanceSession(context, 'pgdeck-plan');
  try {
    const [row] = await looking.sql(COUNT, [name]);
    const count = Number(row?.n);
    if (count === 0) return undefined;
    return {
      id: 'end-sessions',
      title: `End ${count === 1 ? 'the session' : `the ${count} sessions`} that ${id} has left on the server`,
      preview: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ${quoteLiteral(name)}`,
      run: (io) => endSessions(io, name),
    };
  } finally {
    await looking.close();
  }
}

const COUNT = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1';

async function endSessions(io: StepIo, name: string): Promise<void> {
  const session = await maintenance(io);
  await session.sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    name,
  ]);
  // what they hold is needed by the steps that follow; one that does not go is told by those
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS; ) {
    const [row] = await session.sql(COUNT, [name]);
    if (Number(row?.n) === 0) return;
    await delay(PAUSE_MS, undefined, { signal: io.signal });
  }
}
