import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { foreignKeyNotValid } from '../../../src/health/checks/foreign-key-not-valid.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
let session: Session;
beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE parent (id int PRIMARY KEY)');
  await session.sql('CREATE TABLE "Child" (id int, parent int)');
});
afterAll(() => db.drop());

const found = async (role?: string) =>
  (await lookAt(db.target(role), { checks: [foreignKeyNotValid] })).findings;

test('a key that is NOT VALID is found with what cleans it up, until it is valid', async () => {
  expect(await found()).toEqual([]);
  await session.sql(
    'ALTER TABLE "Child" ADD CONSTRAINT "A fk" FOREIGN KEY (parent) REFERENCES parent NOT VALID',
  );
  expect(await found()).toMatchObject([
    {
      id: 'foreign_key_not_valid:"Child"."A fk"',
      category: 'schema',
      severity: 'warning',
      title: 'The foreign key "A fk" of "Child"(parent) to parent is NOT VALID.',
      remedy: { operation: 'orphans', input: { table: 'public."Child"', key: 'A fk' } },
    },
  ]);
  expect(await found(await db.roleWith('pg_monitor'))).toMatchObject([
    { remedy: { sql: 'ALTER TABLE "public"."Child" VALIDATE CONSTRAINT "A fk"' } },
  ]);
  await session.sql('ALTER TABLE "Child" VALIDATE CONSTRAINT "A fk"');
  expect(await found()).toEqual([]);
});

test('one that is NOT ENFORCED is none; one of a partitioned table is told once', async () => {
  if (session.server.major < 18) return;
  await session.sql(
    'ALTER TABLE "Child" ADD CONSTRAINT loose FOREIGN KEY (id) REFERENCES parent NOT ENFORCED',
  );
  expect(await found()).toEqual([]);
  await session.sql('CREATE TABLE parted (id int) PARTITION BY RANGE (id)');
  await session.sql('CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)');
  await session.sql('ALTER TABLE parted ADD CONSTRAINT p_fk FOREIGN KEY (id) REFERENCES parent NOT VALID');
  expect((await found()).map(({ id }) => id)).toEqual(['foreign_key_not_valid:parted.p_fk']);
});
