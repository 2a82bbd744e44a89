import { connect, type Session } from '../../../src/db/client.ts';
import { blocked, sleeping } from '../../ops/signal/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { type Begun, begin } from '../begin.ts';

/** What nobody should be able to do to a terminal by naming an application or writing a comment. */
export const HOSTILE = '\u001b]52;c;ZXZpbA==\u0007\u202e\u200b\u009b2J';

export interface Crowd {
  readonly db: TestDatabase;
  readonly holder: Session;
  readonly waiters: readonly Session[];
  /** Runs a query full of control characters. */
  readonly hostile: Begun;
  leave(): Promise<void>;
}

/** A database whose screens have something to show: wide names, a pile-up of locks, a query that attacks. */
export async function crowd(): Promise<Crowd> {
  const db = await testDatabase();
  const watcher = await connect(db.target(), 'control', 'watcher');
  const [holder, ...waiters] = (await Promise.all(
    Array.from({ length: 4 }, () => client(db.target(), 'app')),
  )) as [Session, ...Session[]];
  await holder.sql('CREATE TABLE "库存流水" ("编号" int PRIMARY KEY, "备注" text)');
  await holder.sql('INSERT INTO "库存流水" SELECT n, repeat(\'账\', 50) FROM generate_series(1, 500) n');
  // as where only some may read it
  await holder.sql('REVOKE ALL ON FUNCTION pg_stat_statements(boolean) FROM PUBLIC');
  await holder.sql('ANALYZE "库存流水"');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE "库存流水"');
  for (const waiter of waiters)
    await blocked(watcher, waiter, 'UPDATE "库存流水" SET "备注" = \'退货入库\' WHERE "编号" = 7');
  await sleeping(watcher, await client(db.target(), 'app'));
  const hostile = await begin(
    watcher,
    db.target(),
    `SELECT pg_sleep(600) /* ${HOSTILE}\r\n\t\ud83d\udc4d\u0301\u0301\u0301 */`,
  );
  return {
    db,
    holder,
    waiters,
    hostile,
    leave: async () => {
      await hostile.end();
      await watcher.sql(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
        [db.database],
      );
      await watcher.close();
      await db.drop();
    },
  };
}
