import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { client } from '../../../../support/cluster.ts';
import { type Project, project, shapeOf } from '../stage.ts';

const sum = (text: string) => createHash('sha384').update(text).digest('hex');
const CARGO = '[dependencies]\nsqlx = { version = "0.8", features = ["postgres"] }\n';
const [USERS, INDEX] = [
  'CREATE TABLE users (id int);\n',
  '-- no-transaction\nCREATE INDEX CONCURRENTLY users_id ON users (id);\n',
];
const PAIRS = {
  'migrations/20260101000000_make_users.up.sql': USERS,
  'migrations/20260101000000_make_users.down.sql': 'DROP TABLE users;\n',
  'migrations/20260102000000_users_id.up.sql': INDEX,
  'migrations/20260102000000_users_id.down.sql': '-- no-transaction\nDROP INDEX CONCURRENTLY users_id;\n',
};
/** As sqlx 0.8 has it in sqlx-postgres/src/migrate.rs. */
const TABLE = `CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
  installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)`;

const rows = ({ session }: Project) =>
  session.sql(
    `SELECT version::text AS version, description, success, encode(checksum, 'hex') AS sum, execution_time > 100000 AS nanoseconds FROM _sqlx_migrations ORDER BY 1`,
  );
const byTool = (made: Project, version: string, description: string, text: string) =>
  made.session.sql(
    `INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, $2, true, decode($3, 'hex'), 1)`,
    [version, description, sum(text)],
  );

test('the rows are those of sqlx, and half may be done by either', async () => {
  const ours = await project({ ...PAIRS, 'Cargo.toml': CARGO });
  expect((await ours.chosen()).why).toBe(
    `2 files of sqlx in ${ours.root}/migrations (sqlx in Cargo.toml of ${ours.root})`,
  );
  expect((await ours.go('up')).end.ok).toBe(true);
  expect(await rows(ours)).toEqual([
    {
      version: '20260101000000',
      description: 'make users',
      success: true,
      sum: sum(USERS),
      nanoseconds: true,
    },
    { version: '20260102000000', description: 'users id', success: true, sum: sum(INDEX), nanoseconds: true },
  ]);
  expect((await ours.go('down')).end.ok).toBe(true);
  expect(await ours.states()).toEqual(['20260101000000 applied', '20260102000000 pending']);

  const theirs = await project({ ...PAIRS, 'Cargo.toml': CARGO });
  await theirs.session.sql(TABLE);
  expect(await shapeOf(theirs.session, '_sqlx_migrations')).toEqual(
    await shapeOf(ours.session, '_sqlx_migrations'),
  );
  await theirs.session.sql(USERS);
  await byTool(theirs, '20260101000000', 'make users', USERS);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect((await rows(theirs)).map(({ version, sum: one }) => [version, one])).toEqual([
    ['20260101000000', sum(USERS)],
    ['20260102000000', sum(INDEX)],
  ]);
  theirs.write({ 'migrations/20260101000000_make_users.up.sql': `${USERS}-- more\n` });
  expect(await theirs.states()).toEqual(['20260101000000 changed', '20260102000000 applied']);
  expect((await theirs.go('repair', { entry: '20260101000000', action: 'accept' })).end.ok).toBe(true);
  expect((await rows(theirs))[0]?.sum).toBe(sum(`${USERS}-- more\n`));
});

test("pairs without a Cargo.toml are golang-migrate's, unless the database has the table of sqlx", async () => {
  const made = await project(PAIRS);
  expect((await made.chosen()).why).toBe(`2 files of golang-migrate in ${made.root}/migrations`);
  await made.session.sql(TABLE);
  await byTool(made, '20260101000000', 'make users', USERS);
  expect(await made.states()).toEqual(['20260101000000 applied', '20260102000000 pending']);
  // the project says one and the database another
  await made.session.sql('DROP TABLE _sqlx_migrations');
  await made.session.sql(
    'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)',
  );
  made.write({ 'Cargo.toml': CARGO });
  await expect(made.states()).rejects.toMatchObject({
    message: expect.stringContaining('is not certain: there is sqlx in Cargo.toml of'),
    next: 'Say it with --tool sqlx or --tool golang-migrate.',
  });
  expect(await made.states('sqlx')).toEqual(['20260101000000 pending', '20260102000000 pending']);
});

test('files with nothing but a number are whose the project, the database or a person says', async () => {
  const made = await project({ 'migrations/1_a.sql': 'SELECT 1;', 'migrations/2_b.sql': 'SELECT 2;' });
  await expect(made.states()).rejects.toMatchObject({
    message: `${made.root}/migrations has 2 SQL files (1_a.sql, 2_b.sql) that look like migrations of sqlx or Supabase, and nothing in the project or the database says whose they are.`,
    next: 'Say it with --tool sqlx or --tool supabase.',
  });
  expect(await made.states('sqlx')).toEqual(['1 pending', '2 pending']);
  expect((await made.go('up', { tool: 'sqlx' })).end.ok).toBe(true);
  // from now on the database says it
  expect(await made.states()).toEqual(['1 applied', '2 applied']);
  await expect(made.go('down')).rejects.toThrow('2 has no way down');
});

test('files that no tool takes are told, and not that there are none', async () => {
  const files = Object.fromEntries(
    ['01-a', '02-b', '03-c'].map((name) => [`migrations/${name}.sql`, 'SELECT 1;']),
  );
  const made = await project(files);
  await expect(made.states()).rejects.toThrow(
    `${made.root}/migrations has 3 SQL files (01-a.sql, 02-b.sql, …) that no tool which pgdeck knows would take for migrations.`,
  );
});

test('the checksum is that of the file with its byte order mark, and a version that no bigint holds is told before', async () => {
  const marked = `\ufeff${USERS}`;
  const made = await project({ 'Cargo.toml': CARGO, 'migrations/1_users.sql': marked });
  expect((await made.go('up')).end.ok).toBe(true);
  expect((await rows(made)).map((row) => row.sum)).toEqual([sum(marked)]);
  made.write({ 'migrations/99999999999999999999_far.sql': 'SELECT 1;' });
  expect(await made.states()).toEqual(['1 applied']);
  await expect(made.go('up')).rejects.toThrow(
    '99999999999999999999_far.sql: its version is larger than a bigint; rename it.',
  );
});

test('a migration whose row the history does not take is not applied', async () => {
  const made = await project({ 'Cargo.toml': CARGO, 'migrations/1_users.sql': USERS });
  await made.session.sql(TABLE);
  await made.session.sql(
    `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
  );
  await made.session.sql(
    'CREATE TRIGGER swallow BEFORE INSERT ON _sqlx_migrations FOR EACH ROW EXECUTE FUNCTION swallow()',
  );
  const { end } = await made.go('up');
  expect(end.text).toContain('"public"."_sqlx_migrations" has not taken the row of the migration');
  expect(await made.session.sql(`SELECT to_regclass('users') AS made`)).toEqual([{ made: null }]);
});

test('a history that row security hides is refused, and not taken for an empty one', async () => {
  const made = await project({ 'Cargo.toml': CARGO, 'migrations/1_users.sql': USERS });
  await made.session.sql(TABLE);
  await byTool(made, '1', 'users', USERS);
  const role = await made.database.roleWith();
  await made.session.sql(`GRANT ALL ON _sqlx_migrations TO ${role}`);
  await made.session.sql('ALTER TABLE _sqlx_migrations ENABLE ROW LEVEL SECURITY');
  const session = await client(made.database.target(role));
  const { adapter, where } = await made.chosen();
  await expect(adapter.status({ ...where, session })).rejects.toThrow(
    'Row security hides rows of "public"."_sqlx_migrations"',
  );
});

test('a history with columns of other types, or away from where objects are made, is told', async () => {
  const files = { 'Cargo.toml': CARGO, 'migrations/1_a.up.sql': USERS, 'migrations/2_b.sql': 'SELECT 1;' };
  const made = await project(files);
  // pairs and single files may be mixed
  expect(await made.states()).toEqual(['1 pending', '2 pending']);
  await made.session.sql(TABLE.replace('BYTEA', 'TEXT'));
  await expect(made.states()).rejects.toThrow('"public"."_sqlx_migrations" is not as sqlx makes it.');
  await made.session.sql('DROP TABLE _sqlx_migrations; CREATE SCHEMA app; SET search_path = app');
  await made.session.sql(TABLE);
  expect(await made.problems()).toEqual([
    '"app"."_sqlx_migrations" is not in "public", where a statement without a schema\'s name makes its objects; if the tool works in "app", set search_path for this role or connection.',
  ]);
});
