import { expect, test } from 'vitest';
import { done } from '../../run/stage.ts';
import { type Project, project, shapeOf } from '../stage.ts';

const UP = 'CREATE TABLE users (id int);\n';
const FILES = {
  'Cargo.toml': '[dependencies]\ndiesel = { version = "2", features = ["postgres"] }\n',
  'migrations/2026-01-01-000000_users/up.sql': UP,
  'migrations/2026-01-01-000000_users/down.sql': 'DROP TABLE users;\n',
  'migrations/20260102000000_users_id/up.sql': 'CREATE INDEX users_id ON users (id);\n',
  'migrations/20260102000000_users_id/down.sql': 'DROP INDEX users_id;\n',
  'migrations/20260102000000_users_id/metadata.toml': 'run_in_transaction = false\n',
};
/** As diesel 2 has it in setup_migration_table.sql. */
const TABLE = `CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
  run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`;

const rows = async ({ session }: Project) =>
  (await session.sql('SELECT version FROM __diesel_schema_migrations ORDER BY 1')).map(
    ({ version }) => version,
  );

test('the rows are those of Diesel, and half may be done by either', async () => {
  const ours = await project(FILES);
  expect((await ours.chosen()).why).toBe(
    `2 files of Diesel in ${ours.root}/migrations (diesel in Cargo.toml of ${ours.root})`,
  );
  const { end, plan } = await ours.go('up');
  expect(end.ok).toBe(true);
  expect(plan.steps.at(-2)?.effect).toContain('metadata.toml says run_in_transaction = false');
  expect(await rows(ours)).toEqual(['20260101000000', '20260102000000']);
  expect((await ours.go('down')).end.ok).toBe(true);
  expect(await rows(ours)).toEqual(['20260101000000']);

  const theirs = await project(FILES);
  await theirs.session.sql(TABLE);
  expect(await shapeOf(theirs.session, '__diesel_schema_migrations')).toEqual(
    await shapeOf(ours.session, '__diesel_schema_migrations'),
  );
  await theirs.session.sql(UP);
  await theirs.session.sql(`INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000000')`);
  expect(await theirs.states()).toEqual(['20260101000000 applied', '20260102000000 pending']);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect((await theirs.go('down', { base: true })).end.ok).toBe(true);
  expect(await rows(theirs)).toEqual([]);
});

test('a way down that cannot be read is told, and stands in the way of itself only', async () => {
  const made = await project({
    ...FILES,
    'migrations/2026-01-01-000000_users/down.sql': 'DROP TABLE users,;',
  });
  expect((await made.go('up')).end.ok).toBe(true);
  const verified = await done(made.context, 'verify', { dir: made.root });
  expect(verified.end).toMatchObject({ ok: true });
  const wrong = '2026-01-01-000000_users/down.sql:1:18: syntax error at or near ";"';
  expect(verified.lines).toContain(`A way down cannot be read: ${wrong}`);
  await expect(made.go('down', { base: true })).rejects.toThrow(
    `20260101000000 has no way down that can be read (${wrong}): none of the 2 migrations is rolled back.`,
  );
  expect((await made.go('down')).end.ok).toBe(true);
});

test('Diesel or Hasura is not guessed', async () => {
  const { 'Cargo.toml': _, ...files } = FILES;
  const digits = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name.replace('2026-01-01-000000', '20260101000000'), text]),
  );
  const made = await project(digits);
  await expect(made.states()).rejects.toMatchObject({
    message: expect.stringContaining('that look like migrations of Diesel or Hasura, and nothing'),
    next: 'Say it with --tool diesel or --tool hasura.',
  });
  await made.session.sql(TABLE);
  expect(await made.states()).toEqual(['20260101000000 pending', '20260102000000 pending']);
});
