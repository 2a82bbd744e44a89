import { expect, test } from 'vitest';
import { type Project, project, shapeOf } from '../stage.ts';

const USERS = `-- people; all of them
CREATE TABLE users (id int, note text DEFAULT 'a;b');

/* a body; */
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$ -- here; too
;
-- the end
`;
const FILES = {
  'supabase/config.toml': 'project_id = "shop"\n',
  'supabase/migrations/20260101000000_users.sql': USERS,
  'supabase/migrations/20260102000000_age.sql': 'ALTER TABLE users ADD age int',
};
const TABLE = 'supabase_migrations.schema_migrations';
const rows = ({ session }: Project) =>
  session.sql(`SELECT version, name, statements FROM ${TABLE} ORDER BY version`);

test('the rows are those of the Supabase CLI, and half may be done by either', async () => {
  const ours = await project(FILES);
  expect((await ours.chosen()).why).toBe(
    `2 files of Supabase in ${ours.root}/supabase/migrations (the directory supabase)`,
  );
  expect((await ours.go('up')).end.ok).toBe(true);
  const applied = [
    {
      version: '20260101000000',
      name: 'users',
      statements: [
        "-- people; all of them\nCREATE TABLE users (id int, note text DEFAULT 'a;b')",
        '/* a body; */\nCREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$ -- here; too',
        '-- the end',
      ],
    },
    { version: '20260102000000', name: 'age', statements: ['ALTER TABLE users ADD age int'] },
  ];
  expect(await rows(ours)).toEqual(applied);
  await expect(ours.go('down')).rejects.toThrow('20260102000000 has no way down');

  const theirs = await project(FILES);
  // pkg/migration/history.go of the CLI
  for (const sql of [
    'CREATE SCHEMA IF NOT EXISTS supabase_migrations',
    `CREATE TABLE IF NOT EXISTS ${TABLE} (version text NOT NULL PRIMARY KEY)`,
  ])
    await theirs.session.sql(sql);
  await theirs.session.sql(USERS);
  await theirs.session.sql(`INSERT INTO ${TABLE} (version) VALUES ('20260101000000')`);
  // of a first version, which had no names
  expect(await theirs.states()).toEqual(['20260101000000 applied', '20260102000000 pending']);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect((await rows(theirs))[1]).toEqual(applied[1]);
  expect(await shapeOf(theirs.session, TABLE)).toEqual(await shapeOf(ours.session, TABLE));
});
