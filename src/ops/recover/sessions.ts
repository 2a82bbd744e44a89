import { setTimeout as delay } from 'node:timers/promises';
import { literalQuery } from '../../db/literal.ts';
import { endRun, runSessions } from '../../db/queries/signal/run.ts';
import type { Query } from '../../db/query.ts';
import { maintenance, maintenanceSession } from '../database/maintenance.ts';
import type { Run } from '../engine/journal/runs.ts';
import { roleOf } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { applicationNameOf } from '../engine/run/runner.ts';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 50;

/** Ends what a killed run still does on the server; undefined when nobody of its role bears its name. */
export async function endSessionsStep({ id, server }: Run, context: OpContext): Promise<Step | undefined> {
  const name = applicationNameOf(id);
  const role = roleOf(server);
  const looking = await maintenanceSession(context, 'pgdeck-plan');
  try {
    const count = (await looking.run(runSessions, { applicationName: name, role })).length;
    if (count === 0) return undefined;
    const ending = literalQuery(endRun, { applicationName: name, role });
    return {
      id: 'end-sessions',
      title: `End ${count === 1 ? 'the session' : `the ${count} sessions`} that ${id} has left on the server`,
      preview: `${ending.text};`,
      run: (io) => endSessions(io, ending, { applicationName: name, role }),
    };
  } finally {
    await looking.close();
  }
}

async function endSessions(
  io: StepIo,
  ending: Query<void, unknown>,
  run: { applicationName: string; role: string | undefined },
): Promise<void> {
  const session = await maintenance(io);
  await session.run(ending, undefined);
  // what they hold is needed by the steps that follow; one that does not go is told by those
  for (const began = performance.now(); performance.now() - began < PATIENCE_MS; ) {
    if ((await session.run(runSessions, run)).length === 0) return;
    await delay(PAUSE_MS, undefined, { signal: io.signal });
  }
}
