import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { type Mode, tablesPlan } from '../../../../src/ops/restore/tables/plan.ts';
import { client, testDatabase } from '../../../support/cluster.ts';
import { everything } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import { dump, fingerprint, restore } from './stage.ts';

const directory = temporaryDirectory();
const repository = join(directory, 'backups of mine');
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;
let backup: Backup;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await everything(session);
  backup = await dump(database.target(), join(directory, 'all.dump'));
  context = contextOf(database.target(), directory);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

test('the tables are backed up first, and the command that is given puts them back as they were', async () => {
  await session.sql(
    `UPDATE app.employees SET name = 'later' WHERE id < 5; DELETE FROM app.employees WHERE id = 20`,
  );
  await session.sql(`INSERT INTO app.employees VALUES (30, 'new', 1, 2)`);
  const later = await fingerprint(session);
  const plan = await tablesPlan(
    { tables: ['employees'], mode: 'replace', dir: repository, safety: true },
    context,
    backup,
  );
  expect(plan.danger).toBe('type-name');
  // its keys lead to rows that are there when it is put back
  expect(plan.checks.map(({ title }) => title)).not.toContain('Foreign keys');
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'safety-snapshot',
    'safety-dump',
    'safety-verify',
    'safety-publish',
    'tables',
  ]);
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'done' });
  expect(await fingerprint(session)).not.toBe(later);
  const [, id = ''] =
    /^pgdeck restore (\S+) --table '"app"."employees"' --mode replace --database \w+ --dir '.*'$/.exec(
      end.undo ?? '',
    ) ?? [];
  const safety = await findBackup(repository, id);
  expect(safety.manifest).toMatchObject({ scope: 'tables', label: 'before a restore of these tables' });
  const back = await restore(context, safety, ['"app"."employees"'], 'replace');
  expect(back.done).toEqual({ 'app.employees': ['1', '4', '15', '1'] });
  expect(await fingerprint(session)).toBe(later);
  // it has the definitions of all tables, and rows of one
  const other = await tablesPlan({ tables: ['customers'], mode: 'merge', safety: false }, context, safety);
  expect(other.checks.find(({ status }) => status === 'block')?.detail).toBe(
    'The backup has its definition only, without rows. Choose a backup that holds its rows.',
  );
});

test.each([
  ['replace', /^The tables are as in \S+\.$/],
  ['merge', /^The tables have the rows of \S+, as they are in it, and those that came later\.$/],
  ['skip_existing', /^The tables have the rows of \S+ that were missing; those that were there/],
] as const)('after %s it is said what the tables are', async (mode, said) => {
  const plan = await tablesPlan({ tables: ['employees'], mode, safety: false }, context, backup);
  expect((await carryOut(plan, context)).end.state).toMatch(said);
});

test('a backup that holds other rows than it says is not restored', async () => {
  const plan = await tablesPlan(
    { tables: ['employees'], mode: 'replace', dir: repository, safety: true },
    context,
    backup,
  );
  await carryOut(plan, context);
  const { command } = plan.undo as { command: string };
  const safety = await findBackup(repository, command.split(' ')[2] ?? '');
  const { manifest } = safety;
  if (manifest === undefined) throw new Error('no manifest');
  const tables = manifest.tables.map((one) => (one.name === 'employees' ? { ...one, rows: 21 } : one));
  await expect(
    tablesPlan({ tables: ['employees'], mode: 'replace', safety: false }, context, {
      ...safety,
      manifest: { ...manifest, tables },
    }),
  ).rejects.toThrow('Nothing was changed: the backup says 21 rows of app.employees, and has 20.');
});

test('a role is told what it lacks', async () => {
  const role = await database.roleWith();
  const own = contextOf(database.target(role), directory);
  const blocks = async (table: string, mode: Mode) =>
    (await tablesPlan({ tables: [table], mode, safety: false }, own, backup)).checks
      .filter(({ status }) => status === 'block')
      .map(({ detail }) => detail);
  await session.sql(`GRANT TEMPORARY ON DATABASE ${database.database} TO PUBLIC`);
  expect(await blocks('employees', 'replace')).toEqual([
    `This role lacks SELECT, INSERT, UPDATE, DELETE on it. As its owner, run: GRANT SELECT, INSERT, UPDATE, DELETE ON app.employees TO "${role}"`,
  ]);
  await session.sql(`GRANT ALL ON app.employees, app.numbers, app.customers TO ${role}`);
  await session.sql(`GRANT SELECT ON app.departments TO ${role}`);
  expect(await blocks('employees', 'replace')).toEqual([]);
  const done = await restore(own, backup, ['employees'], 'replace');
  expect(done.end.status).toBe('done');
  expect(await blocks('numbers', 'merge')).toEqual([
    'Only their owner may switch off the triggers of app.numbers meanwhile. Connect as the owner.',
  ]);
  expect(await blocks('customers', 'merge')).toEqual([
    'Row security hides rows of it from this role. Connect as its owner or as a role with BYPASSRLS.',
  ]);
  await own.close();
});
