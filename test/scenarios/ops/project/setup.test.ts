import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { gone, INIT_SCRIPT, migration, projectIn } from '../../../ops/project/stage.ts';
import { blocks, contextIn, inDatabase } from '../../../ops/restore/stage.ts';
import { concerns, done, planned, takenBack } from '../../../ops/role/stage.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const NAME = 'setup_shop';
const SECRETS = { APP_PASSWORD: 'app-Secret-7', ADMIN_PASSWORD: 'Adm1n-Secret-9' };
let home: string;
let file: string;

beforeEach(() => {
  home = temporaryDirectory();
});
afterEach(() => gone(NAME, 'setup_app', 'setup_group'));

const here = (env: Record<string, string> = SECRETS): OpContext => contextIn(serverTarget(), home, env);
const project = (more: Record<string, unknown> = {}, files: Record<string, string> = {}): string => {
  file = projectIn(home, {
    'pgdeck.setup.json': {
      database: { name: NAME, owner: 'setup_group' },
      roles: [
        { name: 'setup_group', no_login: true },
        { name: 'setup_app', password: { env: 'APP_PASSWORD' }, as: 'read-only' },
      ],
      sql: ['a.sql'],
      migrations: { dir: 'migrations' },
      init: { command: [process.execPath, 'init.mjs'], env: { ADMIN_PASSWORD: { env: 'ADMIN_PASSWORD' } } },
      ...more,
    },
    'a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);',
    'migrations/0001_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)'),
    'init.mjs': INIT_SCRIPT,
    ...files,
  });
  return file;
};
const setUp = (more: Record<string, unknown> = {}, context = here()) =>
  done('db setup', { file, ...more }, context);
const rows = (sql: string) => inDatabase(NAME, (session) => session.sql(sql));

test('a database from nothing, and nothing of it a second time', async () => {
  project();
  const { end, lines, plan } = await setUp();
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    ...['server', 'role:setup_group', 'role:setup_app', 'database', 'sql:a.sql', 'migrate'],
    ...['grant:setup_app', 'init', 'backup', 'settle', 'health', 'report'],
  ]);
  expect(await rows('SELECT id FROM a')).toEqual([{ id: 1 }]);
  expect(await rows(`SELECT has_table_privilege('setup_app', 'b', 'SELECT') AS may`)).toEqual([
    { may: true },
  ]);
  expect(readFileSync(join(home, 'init.log'), 'utf8')).toBe(`${NAME} ${SECRETS.ADMIN_PASSWORD.length}\n`);
  // what it prints of a secret is hidden, and what the journal keeps of it
  expect(lines).toContain('the password is ***');
  const journal = listRuns(here().journal);
  for (const secret of Object.values(SECRETS)) expect(JSON.stringify(journal)).not.toContain(secret);
  expect(
    journal
      .filter(({ part_of }) => part_of === end.run)
      .map(({ operation }) => operation)
      .reverse(),
  ).toEqual([
    ...['role create', 'role create', 'db create', 'run-sql', 'migrate up', 'role grant', 'backup'],
  ]);

  const again = await setUp();
  expect(again.plan.steps.map(({ title }) => title)).toEqual(
    expect.arrayContaining(['Keep the role setup_app as it is', 'Pass over a.sql']),
  );
  expect(again.end, again.end.text).toMatchObject({ ok: true, state: `${NAME} was as it was to be.` });
  // its undo would take back what the first one has made
  expect(again.end.undo).toBeNull();
  expect(end.undo).not.toBeNull();
  expect(await rows('SELECT id FROM a')).toEqual([{ id: 1 }]);
  expect(readFileSync(join(home, 'init.log'), 'utf8').split('\n')).toHaveLength(2);
}, 180_000);

test('one that fails in the middle says what it has made, goes on from there, and is taken back', async () => {
  project({}, { 'a.sql': 'CREATE TABLE a (id int); SELECT 1/0;' });
  const failed = await setUp();
  expect(failed.end).toMatchObject({
    status: 'failed',
    text: expect.stringContaining('division by zero'),
    state: `Made, and kept: the role setup_group, the role setup_app, the database ${NAME}. Set it up again: it goes on from there; undo takes it back.`,
    undo: `pgdeck undo ${failed.end.run}`,
  });
  projectIn(home, { 'a.sql': 'CREATE TABLE a (id int);' });
  expect((await setUp()).end).toMatchObject({ ok: true });

  const back = await planned('db setup', { file, back: true }, here());
  expect(back).toMatchObject({ subject: NAME, danger: 'type-name' });
  const { end } = await carryOut(back, here());
  expect(end, end.text).toMatchObject({ ok: true });
  const left = await inDatabase('postgres', (session) =>
    session.sql(
      `SELECT datname::text AS n FROM pg_database WHERE datname = '${NAME}' UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname ~ '^setup_'`,
    ),
  );
  expect(left).toEqual([]);
  await expect(planned('db setup', { file, back: true }, here())).rejects.toThrow(/knows of no set-up/);
  // what was taken back is not gone on with
  rmSync(join(home, 'init.log'));
  expect((await setUp()).end).toMatchObject({ ok: true });
  expect(readFileSync(join(home, 'init.log'), 'utf8')).toMatch(/^setup_shop/);
}, 180_000);

test('undo of a run is the same way back', async () => {
  project({ init: undefined, migrations: undefined });
  const { end } = await setUp();
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(listRuns(here().journal).find(({ id }) => id === end.run)?.undone_by).toBe(back.end.run);
}, 180_000);

test('what nobody can know is asked: tables of others, and a command that did not come to its end', async () => {
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${NAME}`));
  await rows('CREATE TABLE others AS SELECT 1 AS n');
  project({ roles: [], database: { name: NAME }, migrations: undefined });
  expect(blocks(await planned('db setup', { file }, here()))).toEqual([
    expect.stringMatching(/^a\.sql: setup_shop has tables already.*leave it out, or run it again/),
  ]);
  projectIn(home, { 'init.mjs': 'process.exit(3)' });
  const failed = await setUp({ again: ['a.sql'] });
  expect(failed.end.text).toMatch(/init\.mjs|node.*3/);
  expect(blocks(await planned('db setup', { file }, here())).join()).toMatch(/^init: .* had begun it/);
  projectIn(home, { 'init.mjs': INIT_SCRIPT });
  const { end } = await setUp({ again: ['init'] });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await rows('SELECT id FROM a')).toEqual([{ id: 1 }]);
  const skipped = await setUp({ skip: ['init', 'a.sql'] });
  expect(skipped.lines).toContain('a.sql is left out, as asked for.');
  await expect(setUp({ skip: ['b.sql'] })).resolves.toMatchObject({
    end: { status: 'refused', text: expect.stringContaining('b.sql is none of them') },
  });
}, 180_000);

test('what is lost in a database of others is not run by it', async () => {
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${NAME}`));
  await rows('CREATE TABLE others AS SELECT 1 AS n');
  project(
    { roles: [], database: { name: NAME }, migrations: undefined, init: undefined },
    { 'a.sql': 'DROP TABLE others;' },
  );
  const plan = await planned('db setup', { file, again: ['a.sql'] }, here());
  expect(concerns(plan).join()).toMatch(/warn a\.sql: line 1: .*not run by set-up/);
  const { end } = await carryOut(plan, here());
  expect(end.text).toMatch(/can lose data of setup_shop, and nobody has been asked/);
  expect(await rows('SELECT n FROM others')).toEqual([{ n: 1 }]);
}, 180_000);

test('a database that took the place of the one that was made stays', async () => {
  project({ sql: [], migrations: undefined, init: undefined });
  expect((await setUp()).end).toMatchObject({ ok: true });
  await inDatabase('postgres', async (session) => {
    await session.sql(`DROP DATABASE ${NAME} WITH (FORCE)`);
    await session.sql(`CREATE DATABASE ${NAME}`);
  });
  const back = await planned('db setup', { file, back: true }, here());
  expect(concerns(back)).toEqual([
    expect.stringMatching(/^warn Database: setup_shop is not the one that set-up has made.*It stays/),
  ]);
  expect((await carryOut(back, here())).end).toMatchObject({
    ok: true,
    state: `The roles that the set-up of ${NAME} has made are gone; ${NAME} is there as it was.`,
  });
}, 180_000);
