import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sequenceExhaustion } from '../../../src/health/checks/sequence-exhaustion.ts';
import { app, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const seen = (role?: string) => lookAt(db.target(role), { checks: [sequenceExhaustion] });

test('a sequence is judged by what is left for the narrowest column that it fills', async () => {
  await publish(
    db,
    'CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY)',
    "SELECT setval('orders_id_seq', 1800000000)",
    // a sequence of bigint that fills a column of integer, which does not own it
    'CREATE SEQUENCE shared',
    "CREATE TABLE lines (id bigint DEFAULT nextval('shared'), number int DEFAULT nextval('shared'))",
    "SELECT setval('shared', 2140000000)",
    'CREATE DOMAIN tiny AS smallint',
    'CREATE SEQUENCE "Down" INCREMENT -1',
    `CREATE TABLE down (n tiny DEFAULT nextval('"Down"'))`,
    `SELECT setval('"Down"', -32000)`,
    // begun high: what counts is what is left
    'CREATE SEQUENCE late AS int START 2000000000',
    "SELECT nextval('late')",
    'CREATE SEQUENCE never_used AS smallint',
    'CREATE SEQUENCE round MAXVALUE 10 CYCLE',
    "SELECT setval('round', 10)",
    'CREATE TABLE big (id bigserial)',
    "SELECT setval('big_id_seq', 5000000000)",
  );
  const { findings, unknown } = await seen();
  expect(unknown).toEqual([]);
  expect(findings.map(({ id, severity, value }) => [id, severity, Math.floor(value ?? 0)])).toEqual([
    ['sequence_exhaustion:"Down"', 'critical', 97],
    ['sequence_exhaustion:shared', 'critical', 99],
    ['sequence_exhaustion:late', 'alert', 93],
    ['sequence_exhaustion:orders_id_seq', 'alert', 83],
  ]);
  expect(findings[1]).toMatchObject({
    title: 'The sequence shared has used up 99.6% of its values, which go to lines.number.',
    evidence: 'Its last value is 2,140,000,000, and a column of type integer ends at 2,147,483,647.',
    remedy: {
      sql: 'ALTER TABLE "public"."lines" ALTER COLUMN "number" TYPE bigint; ALTER SEQUENCE "public"."shared" AS bigint NO MAXVALUE',
    },
  });
  expect(findings[2]?.remedy).toMatchObject({ sql: 'ALTER SEQUENCE "public"."late" AS bigint NO MAXVALUE' });
  await publish(
    db,
    'ALTER TABLE "public"."lines" ALTER COLUMN "number" TYPE bigint; ALTER SEQUENCE "public"."shared" AS bigint NO MAXVALUE',
    'ALTER SEQUENCE "public"."late" AS bigint NO MAXVALUE',
    'DROP TABLE orders, down',
    'DROP SEQUENCE "Down"',
  );
  expect((await seen()).findings).toEqual([]);
});

test('a role that may not read them is told so, and one that is being altered is waited for by nobody', async () => {
  const role = await db.roleWith('pg_monitor');
  expect((await seen(role)).unknown).toMatchObject([
    {
      reason: expect.stringContaining('is hidden from this role'),
      // a role of 14
      remedy:
        inject('postgres').major >= 14
          ? `GRANT pg_read_all_data TO "${role}"`
          : `GRANT SELECT ON ALL SEQUENCES IN SCHEMA "public" TO "${role}"`,
    },
  ]);
  await publish(db, "SELECT setval('never_used', 32000)");
  const altering = await app(db);
  await altering.sql('BEGIN');
  await altering.sql('ALTER SEQUENCE never_used INCREMENT 2');
  expect(await seen()).toMatchObject({ findings: [], unknown: [] });
  await altering.sql('ROLLBACK');
  expect((await seen()).findings).toMatchObject([{ id: 'sequence_exhaustion:never_used' }]);
});
