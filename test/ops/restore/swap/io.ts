import { connect, type Session } from '../../../../src/db/client.ts';
import type { Target } from '../../../../src/db/target.ts';
import { local } from '../../../../src/hosts/local.ts';
import type { StepIo } from '../../../../src/ops/engine/plan.ts';
import { crashPoint } from '../../../../src/ops/engine/run/crash.ts';

export interface TestIo extends StepIo {
  readonly recorded: Record<string, unknown>[];
  /** Every session that was opened, in order. */
  readonly opened: Session[];
  close(): Promise<void>;
}

/** What a step is given, without a journal: sessions, records and crash points as in a run. */
export function testIo(
  target: Target,
  run: string,
  signal: AbortSignal = new AbortController().signal,
): TestIo {
  const recorded: Record<string, unknown>[] = [];
  const opened: Session[] = [];
  return {
    run,
    applicationName: `pgdeck:${run}`,
    signal,
    host: local,
    at: async () => local,
    here: local,
    recorded,
    opened,
    line: () => {},
    waits: () => {},
    progress: () => {},
    reveal: () => {},
    result: () => {},
    record: (facts) => recorded.push(facts),
    connect: async (database = target.database) => {
      const session = await connect({ ...target, database }, 'operation', `pgdeck:${run}`);
      opened.push(session);
      return session;
    },
    control: async () => {
      throw new Error('A swap sends no signal.');
    },
    exec: async () => {
      throw new Error('A swap runs no program.');
    },
    crashPoint: (name) => crashPoint(process.env, name),
    close: async () => {
      await Promise.all(opened.map((session) => session.close()));
    },
  };
}
