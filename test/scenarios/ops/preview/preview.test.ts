import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import type { SignalAction } from '../../../../src/ops/signal/types.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { changes, loggingCluster, logLength, sentBy, shownIn } from '../../../ops/preview/stage.ts';
import { begin, controlled, planSignal } from '../../../ops/signal/stage.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let admin: Session;
let context: OpContext;
beforeAll(async () => {
  cluster = await loggingCluster();
  admin = await connect(cluster.target(), 'workload', 'test');
  await admin.sql('CREATE DATABASE shop');
  await admin.sql(`COMMENT ON DATABASE shop IS 'the shop''s'`);
  const shop = await connect(cluster.target({ database: 'shop' }), 'workload', 'test');
  await shop.sql('CREATE TABLE orders (id int PRIMARY KEY, t text)');
  await shop.sql(`INSERT INTO orders VALUES (1, 'one')`);
  await shop.close();
  context = contextOf(cluster.target({ database: 'shop' }), home, {
    env: { BACKUP_DIR: join(home, 'backups') },
  });
});
afterAll(async () => {
  await context.close();
  await admin.close();
  await cluster.remove();
});

/** Sees that every statement that is shown was sent byte for byte, and none that changes something besides. */
async function compare(previews: readonly string[], run: string, from: number): Promise<string[]> {
  const last = `SELECT 'the end of ${run} at ${from}'`;
  await admin.sql(last);
  const sent = await sentBy(cluster, from, last);
  const shown = shownIn(previews, run);
  expect(shown.filter((sql) => !sent.includes(sql))).toEqual([]);
  expect(sent.filter((sql) => changes(sql) && !shown.includes(sql))).toEqual([]);
  return shown;
}

/** Plans, carries out and compares; returns the run's id. */
async function same(
  id: string,
  input: Record<string, unknown>,
  contains: string,
  during?: () => Promise<void>,
): Promise<string> {
  const operation = await entryOf(id)?.load();
  if (operation === undefined) throw new Error(`There is no ${id}`);
  const plan = await operation.plan(operation.input.parse(input), context);
  const from = await logLength(cluster);
  await during?.();
  const { end, run } = await carryOut(plan, context);
  expect(end.text).toMatch(/done\.$/);
  // what the journal keeps is what was shown
  const kept = run?.steps.map(({ preview }) => preview) ?? [];
  expect(kept).toEqual(plan.steps.map(({ preview }) => preview));
  expect((await compare(kept, end.run, from)).join('\n')).toContain(contains);
  return end.run;
}

test('of maintenance', async () => {
  await same('vacuum', { table: ['orders'], analyze: true }, 'VACUUM (VERBOSE, ANALYZE)');
  await same('vacuum', { table: ['orders'], full: true, lock_timeout: 0.25 }, "lock_timeout = '250ms'");
  await same('analyze', { table: ['orders'] }, "SET lock_timeout = '5s'");
  await same('reindex', { index: ['orders_pkey'] }, 'CONCURRENTLY');
  await same('reindex', { table: ['orders'], concurrently: false }, 'REINDEX (VERBOSE) TABLE');
});

test('of a backup, the ways to restore it, the way back, and the end of a copy', async () => {
  await same('backup', {}, 'pg_export_snapshot()');
  const visitor = await connect(cluster.target({ database: 'shop' }), 'workload', 'test');
  const run = await same('restore', { backup: 'newest', no_safety_backup: true }, 'pg_terminate_backend');
  await until(() => visitor.lost, { what: 'the end of the visitor' });
  const again = await connect(cluster.target({ database: 'shop' }), 'workload', 'test');
  await same('undo', { run }, 'ALLOW_CONNECTIONS true');
  await until(() => again.lost, { what: 'the end of the visitor' });
  await same('restore', { backup: 'newest', into: 'copy' }, 'REVOKE CONNECT');
  await same('db drop', { name: 'copy' }, 'DROP DATABASE "copy"');
  await same('restore', { backup: 'newest', table: ['orders'], mode: 'merge' }, 'orders');
  await same('restore', { backup: 'newest', in_place: true }, 'WITH (FORCE)');
}, 120_000);

test('of migrations, with their lock and their history', async () => {
  const dir = join(home, 'migrations');
  mkdirSync(dir);
  const write = (name: string, up: string, down: string) =>
    writeFileSync(join(dir, `${name}.sql`), `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`);
  write('1_gifts', "CREATE TABLE gifts (id int, t text DEFAULT 'a;b');", 'DROP TABLE gifts;');
  write(
    '2_index',
    'CREATE INDEX CONCURRENTLY gifts_id ON gifts (id);\nCOMMENT ON INDEX gifts_id IS $$it$$;',
    'DROP INDEX CONCURRENTLY gifts_id;',
  );
  await same('migrate up', { dir }, 'INSERT INTO "public"."schema_migrations" (version) VALUES ($1)');
  await same('migrate down', { dir, steps: 1, no_backup: true }, 'DELETE FROM');
});

test.for<SignalAction>(['cancel', 'terminate'])('of %s', async (action) => {
  const victim = await connect(cluster.target({ database: 'shop' }), 'workload', 'test');
  const over = begin(victim, 'SELECT pg_sleep(600)');
  const control = await connect(cluster.target(), 'control', 'pgdeck-control');
  const plan = await planSignal(control, { action, pick: { pids: [{ pid: victim.pid }] } });
  const from = await logLength(cluster);
  const { run } = await carryOut(plan, controlled(context, control));
  // what the journal keeps is what was shown
  expect(run?.steps.map(({ preview }) => preview)).toEqual(plan.victims.map(({ sql }) => sql));
  const shown = await compare(
    plan.victims.map(({ sql }) => `${sql};`),
    action,
    from,
  );
  expect(shown.join()).toContain(`pg_${action}_backend`);
  await over;
  await Promise.all([victim.close(), control.close()]);
});
