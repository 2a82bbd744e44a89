import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { HeldLocks } from '../../../../src/ops/engine/run/held-locks.ts';
import { isLocked } from '../../../../src/ops/engine/run/lock.ts';
import { serverTarget, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { inDatabase } from '../../restore/stage.ts';
import { contextOf } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let context: OpContext;

beforeAll(async () => {
  db = await testDatabase();
  context = contextOf(serverTarget(), home);
});
afterAll(async () => {
  await context.close();
  await db.drop();
});

const held = () =>
  inDatabase('postgres', (session) => isLocked(session, { family: 'restore', database: db.database }));

/** Ends the session that holds them; its process id. */
const end = (name: string) =>
  inDatabase('postgres', (session) =>
    session.sql('SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      name,
    ]),
  );

test('the locks of a run are taken again where their session is lost, and are free after its end', async () => {
  const locks = [{ family: 'restore', database: db.database }];
  const name = `pgdeck-lock:${db.database}`;
  const taken = await HeldLocks.take(context, name, locks);
  onTestFinished(() => taken.close());
  expect(taken.identifier).toMatch(/^\d+$/);
  const [first] = await end(name);
  expect(first?.pg_terminate_backend).toBe(true);
  await until(
    async () => {
      const [now] = await inDatabase('postgres', (session) =>
        session.sql('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [name]),
      );
      return now !== undefined && now.pid !== first?.pid && (await held());
    },
    { what: 'the locks being held again', timeout: 15_000 },
  );
  await expect(HeldLocks.take(context, 'pgdeck-lock:other', locks)).rejects.toMatchObject({
    code: 'engine.locked',
  });
  await taken.close();
  await until(async () => !(await held()), { what: 'the locks being free' });
});

test('one that has ended takes nothing again', async () => {
  const locks = [{ family: 'restore', database: db.database }];
  const name = `pgdeck-lock:${db.database}-ended`;
  const taken = await HeldLocks.take(context, name, locks);
  await end(name);
  await taken.close();
  await until(async () => !(await held()), { what: 'the locks being free' });
  const other = await HeldLocks.take(context, 'pgdeck-lock:next', locks);
  await other.close();
});
