import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { quoteIdent } from '../../../../src/db/ident.ts';
import type { Check } from '../../../../src/ops/engine/plan.ts';
import { swapChecks, undoChecks } from '../../../../src/ops/restore/swap/checks.ts';
import { swapDatabases } from '../../../../src/ops/restore/swap/swap.ts';
import { type Stage, stage } from './stage.ts';

let s: Stage;
beforeEach(async () => {
  s = await stage('swap_checks');
});
afterEach(() => s.remove());

const blocked = (checks: readonly Check[]) =>
  checks.filter(({ status }) => status === 'block').map(({ title }) => title);
const of = (checks: readonly Check[], title: string) => checks.find((check) => check.title === title);

async function asRole<T>(role: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await connect(s.to('postgres', role), 'slow', 'plan');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

test('what is fine is said, and who is connected', async () => {
  expect(blocked(await swapChecks(s.admin, { live: s.live, taken: [s.before] }))).toEqual([]);
  const app = await connect(s.to(s.live), 'workload', 'shop-web');
  const checks = await swapChecks(s.admin, { live: s.live });
  expect(of(checks, 'Sessions')).toEqual({
    title: 'Sessions',
    status: 'ok',
    detail: `1 session in ${s.live} will be ended: shop-web of postgres.`,
  });
  await app.close();
});

test('a role is told what it lacks, one thing after the other', async () => {
  const [role, owner] = [await s.role(''), await s.role('')];
  const app = await connect(s.to(s.live, await s.role('')), 'workload', 'app');
  const ask = () => asRole(role, (session) => swapChecks(session, { live: s.live }));
  expect(of(await ask(), 'Privileges')).toMatchObject({ status: 'block' });
  await s.admin.sql(`ALTER DATABASE ${quoteIdent(s.live)} OWNER TO ${owner}`);
  expect(of(await ask(), 'Privileges')?.detail).toContain(`GRANT "${owner}" TO "${role}"`);
  await s.admin.sql(`GRANT ${owner} TO ${role}`);
  expect(of(await ask(), 'Privileges')?.detail).toContain(`ALTER ROLE "${role}" CREATEDB`);
  await s.admin.sql(`ALTER ROLE ${role} CREATEDB`);
  expect(blocked(await ask())).toEqual(['Sessions']);
  expect(of(await ask(), 'Sessions')?.detail).toContain(`GRANT pg_signal_backend TO "${role}"`);
  await s.admin.sql(`GRANT pg_signal_backend TO ${role}`);
  expect(blocked(await ask())).toEqual([]);
  const boss = await connect(s.to(s.live), 'workload', 'boss');
  expect(of(await ask(), 'Sessions')?.detail).toContain('can be ended by superusers only');
  await boss.close();
  await app.close();
});

test('prepared transactions and subscriptions are in the way, slots are warned of', async () => {
  const app = await connect(s.to(s.live), 'workload', 'app');
  const name = `checks_${process.pid}`;
  await app.sql(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  await app.sql(
    `CREATE SUBSCRIPTION nowhere CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
  );
  await app.sql('BEGIN');
  await app.sql('CREATE TABLE prepared (id int)');
  await app.sql(`PREPARE TRANSACTION '${name}'`);
  try {
    const checks = await swapChecks(s.admin, { live: s.live });
    expect(blocked(checks)).toEqual(['Prepared transactions']);
    expect(of(checks, 'Prepared transactions')?.detail).toContain(name);
    expect(of(checks, 'Subscriptions')).toMatchObject({ status: 'warn' });
    expect(of(checks, 'Replication slots')?.detail).toMatch(new RegExp(`${name} \\(keeps .*B of WAL\\)`));
    await s.admin.sql("UPDATE pg_subscription SET subenabled = true WHERE subname = 'nowhere'");
    expect(blocked(await swapChecks(s.admin, { live: s.live }))).toEqual([
      'Prepared transactions',
      'Subscriptions',
    ]);
  } finally {
    await app.sql(`ROLLBACK PREPARED '${name}'`);
    await s.admin.sql("UPDATE pg_subscription SET subenabled = false WHERE subname = 'nowhere'");
    await app.sql('DROP SUBSCRIPTION nowhere');
    await app.sql(`SELECT pg_drop_replication_slot('${name}')`);
    await app.close();
  }
});

test('a database that is none, that others need, or that is closed is not swapped', async () => {
  expect(blocked(await swapChecks(s.admin, { live: 'nowhere' }))).toEqual(['Database']);
  expect(blocked(await swapChecks(s.admin, { live: 'postgres' }))).toContain('Database');
  expect(blocked(await swapChecks(s.admin, { live: s.live, taken: [s.fresh] }))).toEqual(['Names']);
  await s.admin.sql(`ALTER DATABASE ${quoteIdent(s.live)} WITH ALLOW_CONNECTIONS false`);
  const checks = await swapChecks(s.admin, { live: s.live });
  expect(of(checks, 'Database')?.detail).toContain(
    `ALTER DATABASE ${quoteIdent(s.live)} WITH ALLOW_CONNECTIONS true`,
  );
});

test('an undo needs the old copy, and one that says whose it is', async () => {
  await swapDatabases(s.io, s);
  expect(blocked(await undoChecks(s.admin, s))).toEqual([]);
  await s.admin.sql(`COMMENT ON DATABASE ${quoteIdent(s.before)} IS 'somebody else''s'`);
  expect(blocked(await undoChecks(s.admin, s))).toEqual(['Way back']);
  await s.admin.sql(`DROP DATABASE ${quoteIdent(s.before)}`);
  expect(of(await undoChecks(s.admin, s), 'Way back')?.detail).toContain('is gone');
});
