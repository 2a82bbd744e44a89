import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Project, project, shapeOf } from '../stage.ts';

const sum = (text: string) => crc32(text) | 0;
const FILES = {
  'migrations/V1__users.sql': 'CREATE TABLE users (id int);',
  'migrations/V1.02__age.sql': 'ALTER TABLE users ADD age int;',
  'migrations/U1.02__age.sql': 'ALTER TABLE users DROP age;',
  'migrations/R__names.sql': 'CREATE OR REPLACE VIEW names AS SELECT id FROM users;',
};

/** Flyway 10's own, as its PostgreSQLDatabase.java writes it. */
const TABLE = `CREATE TABLE "public"."flyway_schema_history" ("installed_rank" INT NOT NULL, "version" VARCHAR(50),
  "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER,
  "installed_by" VARCHAR(100) NOT NULL, "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL,
  "success" BOOLEAN NOT NULL);
  ALTER TABLE "public"."flyway_schema_history" ADD CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank");
  CREATE INDEX "flyway_schema_history_s_idx" ON "public"."flyway_schema_history" ("success");`;

const rows = ({ session }: Project) =>
  session.sql(
    'SELECT installed_rank AS rank, version, description, type, script, checksum, installed_by AS by, success FROM flyway_schema_history ORDER BY 1',
  );

test('the rows are those of Flyway, and half may be done by either', async () => {
  const ours = await project(FILES, 'migrations');
  expect((await ours.go('up')).end.ok).toBe(true);
  const of = { by: 'postgres', success: true };
  const applied = [
    {
      rank: 1,
      version: '1',
      description: 'users',
      type: 'SQL',
      script: 'V1__users.sql',
      checksum: sum(FILES['migrations/V1__users.sql']),
      ...of,
    },
    {
      rank: 2,
      version: '1.02',
      description: 'age',
      type: 'SQL',
      script: 'V1.02__age.sql',
      checksum: sum(FILES['migrations/V1.02__age.sql']),
      ...of,
    },
    {
      rank: 3,
      version: null,
      description: 'names',
      type: 'SQL',
      script: 'R__names.sql',
      checksum: sum(FILES['migrations/R__names.sql']),
      ...of,
    },
  ];
  expect(await rows(ours)).toEqual(applied);
  expect(await ours.states()).toEqual(['1 applied', '1.2 applied', 'R__names applied']);
  expect((await ours.go('down')).end.ok).toBe(true);
  expect((await rows(ours)).slice(3)).toEqual([
    {
      rank: 4,
      version: '1.02',
      description: 'age',
      type: 'UNDO_SQL',
      script: 'U1.02__age.sql',
      checksum: sum(FILES['migrations/U1.02__age.sql']),
      ...of,
    },
  ]);
  expect(await ours.states()).toEqual(['1 applied', '1.2 pending', 'R__names applied']);

  const theirs = await project(FILES, 'migrations');
  await theirs.session.sql(TABLE);
  expect(await shapeOf(theirs.session, 'flyway_schema_history')).toEqual(
    await shapeOf(ours.session, 'flyway_schema_history'),
  );
  await theirs.session.sql(FILES['migrations/V1__users.sql']);
  await theirs.session.sql(
    `INSERT INTO flyway_schema_history VALUES (1, '1', 'users', 'SQL', 'V1__users.sql', ${sum(FILES['migrations/V1__users.sql'])}, 'postgres', now(), 3, true)`,
  );
  expect(await theirs.states()).toEqual(['1 applied', '1.2 pending', 'R__names pending']);
  expect((await theirs.go('up')).end.ok).toBe(true);
  expect(await rows(theirs)).toEqual(applied);
});

test('what is begun outside a transaction stops Flyway, and repair ends that', async () => {
  const made = await project({
    'migrations/V1__a.sql': 'CREATE TABLE a (id int);',
    'migrations/V2__b.sql':
      'CREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE INDEX CONCURRENTLY x ON nowhere (id);',
  });
  expect((await made.go('up')).end.ok).toBe(false);
  expect((await rows(made)).map(({ version, success }) => [version, success])).toEqual([
    ['1', true],
    ['2', false],
  ]);
  expect(await made.states()).toEqual(['1 applied', '2 dirty']);
  expect((await made.go('repair', { entry: '2', action: 'applied' })).end.ok).toBe(true);
  expect((await rows(made)).map(({ version, success }) => [version, success])).toEqual([
    ['1', true],
    ['2', true],
  ]);
  made.write({ 'migrations/V1__a.sql': 'CREATE TABLE a (id int); -- more' });
  expect(await made.states()).toEqual(['1 changed', '2 applied']);
  expect((await made.go('repair', { entry: '1', action: 'accept' })).end.ok).toBe(true);
  expect(await made.states()).toEqual(['1 applied', '2 applied']);
});

test('what stands in the table of pgdeck from before stays there', async () => {
  const made = await project(FILES, 'migrations');
  await made.go('up');
  await made.session.sql('DROP TABLE flyway_schema_history');
  expect(await made.states()).toEqual(['1 applied', '1.2 applied', 'R__names applied']);
  expect((await made.go('down')).end.ok).toBe(true);
  expect(await made.session.sql(`SELECT to_regclass('flyway_schema_history') AS there`)).toEqual([
    { there: null },
  ]);
});

test('over the history of another tool nothing is applied, unless it is said that these files are meant', async () => {
  const made = await project(FILES, 'migrations');
  const { session } = made;
  await session.sql('CREATE SCHEMA auth');
  // a service beside, an empty table, and one that only looks like it
  await session.sql("CREATE TABLE auth.schema_migrations AS SELECT '20260101000000' AS version");
  await session.sql('CREATE TABLE schema_migrations (version varchar PRIMARY KEY)');
  expect((await made.go('up')).end.ok).toBe(true);

  const other = await project(FILES, 'migrations');
  await other.session.sql('CREATE TABLE schema_migrations (version varchar PRIMARY KEY)');
  await other.session.sql("INSERT INTO schema_migrations VALUES ('20260101000000'), ('20260102000000')");
  await expect(other.go('up')).rejects.toMatchObject({
    message: expect.stringContaining(
      '2 migrations of dbmate applied ("public"."schema_migrations") and none of Flyway',
    ),
    next: expect.stringContaining('--tool sql'),
  });
  expect(await other.session.sql("SELECT to_regclass('users') AS users")).toEqual([{ users: null }]);
  expect((await other.go('up', { tool: 'sql' })).end.ok).toBe(true);
  // once they are, that was said
  other.write({ 'migrations/V2__more.sql': 'ALTER TABLE users ADD more int;' });
  expect((await other.go('up')).end.ok).toBe(true);
});
