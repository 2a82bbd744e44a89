import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import { carryOut, contextOf, planOf, step } from '../../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

let db: TestDatabase;
let here: OpContext;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(() => here.close());
afterAll(() => db.drop());

/** Aborts when the condition holds. */
function abortWhen(
  condition: () => Promise<boolean>,
  what: string,
): { signal: AbortSignal; asked: Promise<void> } {
  const abort = new AbortController();
  const asked = until(condition, { what }).then(() => abort.abort());
  return { signal: abort.signal, asked };
}

test('a statement that runs is ended at once, and what was done before is rolled back', async () => {
  here = contextOf(db.target(), home);
  const looking = await client(db.target(), 'looking');
  const seen: string[] = [];
  const plan = planOf([
    step('one', async () => {}, { rollback: async () => void seen.push('-one') }),
    step(
      'sleep',
      async (io) => {
        await (await io.connect()).sql('SELECT pg_sleep(600)');
      },
      {
        rollback: async (io) => {
          // its own session works: it was not the one that is ended
          await (await io.connect()).sql('SELECT 1');
          seen.push(`-sleep ${io.signal.aborted}`);
        },
      },
    ),
    step('never', async () => void seen.push('never')),
    step('always', async (io) => void seen.push(`always ${io.signal.aborted}`), { always: true }),
  ]);
  const sleeping = async () =>
    (
      await looking.sql(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND datname = current_database()
           AND pid <> pg_backend_pid() AND state = 'active'`,
      )
    ).length > 0;
  const { signal, asked } = abortWhen(sleeping, 'the statement runs');
  const { end, run } = await carryOut(plan, here, { signal });
  await asked;
  expect(end).toMatchObject({ status: 'cancelled', text: 'Step sleep: cancelled.', undo: null });
  expect(seen).toEqual(['-sleep false', '-one', 'always false']);
  expect(run?.status).toBe('cancelled');
  await until(async () => !(await sleeping()), { what: 'no backend is left' });
});

test('a program, its children and their backends are ended', async () => {
  here = contextOf(db.target(), home);
  const pids: number[] = [];
  const { promise: started, resolve: start } = Promise.withResolvers<boolean>();
  const plan = planOf([
    step('program', async (io) => {
      // a wrapper that would survive its parent
      await io.exec('sh', ['-c', 'sleep 600 & echo $$ $!; wait'], {
        onLine: (line) => {
          pids.push(...line.split(' ').map(Number));
          start(true);
        },
      });
    }),
  ]);
  const { signal, asked } = abortWhen(() => started, 'the program runs');
  const { end } = await carryOut(plan, here, { signal });
  await asked;
  expect(end.status).toBe('cancelled');
  expect(pids).toHaveLength(2);
  for (const pid of pids) await until(() => isGone(pid), { what: `process ${pid} is gone` });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('a step that finished while it was cancelled is rolled back too', async () => {
  here = contextOf(db.target(), home);
  const abort = new AbortController();
  const seen: string[] = [];
  const plan = planOf([
    step('one', async () => abort.abort(), { rollback: async () => void seen.push('-one') }),
    step('two', async () => void seen.push('two')),
  ]);
  const { end } = await carryOut(plan, here, { signal: abort.signal });
  expect([end.status, seen]).toEqual(['cancelled', ['-one']]);
});

test('what is being rolled back is not cancelled', async () => {
  here = contextOf(db.target(), home);
  const abort = new AbortController();
  const seen: unknown[] = [];
  const plan = planOf([
    step('one', () => Promise.reject(new Error('no')), {
      rollback: async (io) => {
        const session = await io.connect();
        abort.abort();
        seen.push(await session.sql('SELECT 1 AS one FROM pg_sleep(0.3)'));
      },
    }),
  ]);
  const { end } = await carryOut(plan, here, { signal: abort.signal });
  expect([end.status, end.text, seen]).toEqual(['failed', 'Step one: no', [[{ one: 1 }]]]);
});
