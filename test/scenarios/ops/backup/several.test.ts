import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { quoteIdent } from '../../../../src/db/ident.ts';
import { lookAtEach } from '../../../../src/ops/backup/plan/databases.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import {
  complaints,
  contextFor,
  entries,
  inRestored,
  planBackup,
  withAdmin,
} from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

/** Names that break shells, file systems and connection strings. */
const NAMES = [
  '商店 数据库',
  'Mixed "Case" it\'s',
  'host=elsewhere',
  'postgres://u@h/x',
  '-leading/slash\\',
  '长'.repeat(21),
];

const home = temporaryDirectory();
let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await withAdmin(async (admin) => {
    for (const name of NAMES) await admin.sql(`CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0`);
  });
  for (const [at, name] of NAMES.entries())
    await withAdmin(
      (session) => session.sql(`CREATE TABLE "表" AS SELECT generate_series(1, ${at + 1}) AS n`),
      name,
    );
});
afterAll(async () => {
  await withAdmin(async (admin) => {
    for (const name of NAMES) await admin.sql(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
  });
  await db.drop();
});

test('databases of any name, in one run; each restores as it was', async () => {
  const repository = join(home, 'names');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { database: NAMES, dir: repository });
  expect(complaints(plan)).toEqual([]);
  expect(plan.steps.map(({ id }) => id)).toContain('dump:商店 数据库');
  const { end } = await carryOut(plan, context);
  expect(end.text).toBe('Back up 6 databases: done.');
  const made = await listBackups(repository);
  expect(made.map(({ database }) => database).sort()).toEqual([...NAMES].sort());
  expect(end.undo?.split(' && ').length).toBe(6);
  for (const one of made)
    await inRestored(one, async (session) => {
      const [row] = await session.sql('SELECT count(*)::int AS n FROM "表"');
      expect(row?.n).toBe(NAMES.indexOf(one.database ?? '') + 1);
    });
});

test('one that fails does not stop the others, and what is kept is said', async () => {
  const [broken = '', good = ''] = NAMES;
  const repository = join(home, 'broken');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { database: [broken, good], dir: repository, no_globals: true });
  // gone between the plan and its run
  await withAdmin(async (admin) => {
    const there = 'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1';
    await admin.sql(there, [broken]);
    await admin.sql(`ALTER DATABASE ${quoteIdent(broken)} RENAME TO elsewhere`);
  });
  try {
    const { end, events } = await carryOut(plan, context);
    expect(end.status).toBe('failed');
    expect(end.text).toMatch(/1 of 2 databases could not be backed up: 商店 数据库 \(.*does not exist.*\)/);
    expect(end.text).toContain(`These are backed up and kept: ${good}.`);
    const [backup, ...more] = await listBackups(repository);
    expect(more).toEqual([]);
    expect(backup).toMatchObject({ database: good, status: 'ok' });
    expect(entries(repository)).toEqual([backup?.id]);
    const table = events.findLast((event) => event.type === 'result');
    expect(table).toMatchObject({
      table: {
        rows: [
          [broken, '-', expect.any(String)],
          [good, backup?.id, 'ok'],
        ],
      },
    });
  } finally {
    await withAdmin((admin) => admin.sql(`ALTER DATABASE elsewhere RENAME TO ${quoteIdent(broken)}`));
  }
});

test('all databases: what may not be entered is said', async () => {
  const [closed = ''] = NAMES;
  const role = await db.roleWith();
  await withAdmin((admin) => admin.sql(`REVOKE CONNECT ON DATABASE ${quoteIdent(closed)} FROM PUBLIC`));
  const target = { ...serverTarget(), database: 'postgres', user: role };
  const context = contextFor(target, home);
  const plan = await planBackup(context, { all_databases: true, dir: join(home, 'all') });
  expect(plan.facts).toContainEqual({ label: 'Databases', value: expect.stringMatching(/^\d+, /) });
  expect(complaints(plan)).toContainEqual(
    // beside what other tests have closed
    expect.stringMatching(new RegExp(`^warn Left out: (?:.*, )?${closed}: this role may not connect\\.`)),
  );
  expect(plan.locks?.map(({ database }) => database)).toContain(NAMES[1]);
  expect(plan.locks?.map(({ database }) => database)).not.toContain('template1');
});

test('all databases: one that is dropped meanwhile is left out, and no connection stays', async () => {
  const context = contextFor({ ...serverTarget(), database: 'postgres' }, home);
  const kept = NAMES[1] ?? '';
  const { sights, gone } = await lookAtEach(context, ['dropped_meanwhile', kept], true);
  expect(sights.map(({ database }) => database)).toEqual([kept]);
  expect(gone).toEqual([
    { title: 'Left out', status: 'warn', detail: 'dropped_meanwhile: dropped while this was planned.' },
  ]);
  await expect(lookAtEach(context, ['dropped_meanwhile', kept], false)).rejects.toThrow(/does not exist/);
  const connected = () =>
    withAdmin((admin) => admin.sql('SELECT FROM pg_stat_activity WHERE datname = $1', [kept]));
  await until(async () => (await connected()).length === 0, { what: 'the end of its connections' });
});

test('a database of another encoding, with names in it that are not ASCII', async () => {
  const name = 'latin_1';
  const sql = `CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`;
  await withAdmin((admin) => admin.sql(sql));
  onTestFinished(() => withAdmin((admin) => admin.sql(`DROP DATABASE ${name} WITH (FORCE)`)).then(() => {}));
  await withAdmin(
    (session) => session.sql(`CREATE TABLE "été" AS SELECT 'ça' AS "où"; CREATE TABLE b (n int)`),
    name,
  );
  const context = contextFor({ ...serverTarget(), database: name }, home);
  for (const [at, input] of [{}, { table: ['été'] }].entries()) {
    const repository = join(home, `latin-${at}`);
    const { end } = await carryOut(await planBackup(context, { ...input, dir: repository }), context);
    expect(end.text).toBe(`Back up ${name}: done.`);
    const [made] = await listBackups(repository);
    if (made === undefined) throw new Error('no backup');
    const rows = await inRestored(made, (session) => session.sql('SELECT "où" FROM "été"'));
    expect(rows).toEqual([{ où: 'ça' }]);
  }
});
