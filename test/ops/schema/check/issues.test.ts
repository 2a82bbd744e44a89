import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/client.ts';
import { issuesOf } from '../../../../src/ops/schema/check/issues.ts';
import type { SchemaObject, SchemaSnapshot } from '../../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
let session: Session;
beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql(`CREATE TABLE "Odd ""T" (id int CONSTRAINT "Old" PRIMARY KEY, n int CHECK (n > 0));
    CREATE INDEX "By N" ON "Odd ""T" (n); CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0)`);
});
afterAll(() => db.drop());

test('what differs by its name only is renamed by the SQL that is suggested, and then nothing differs', async () => {
  const before = await takeSchemaSnapshot(session);
  await session.sql(`ALTER TABLE "Odd ""T" RENAME CONSTRAINT "Old" TO "New ""K"; ALTER INDEX "By N" RENAME TO by_n;
    ALTER DOMAIN d RENAME CONSTRAINT c TO c2`);
  const issues = issuesOf(await takeSchemaSnapshot(session), before);
  expect(issues).toMatchObject([
    { id: 'changed:index:public."Odd ""T"."By N":name', actual: 'by_n', lock: 'ShareUpdateExclusiveLock' },
    { object: 'constraint', expected: 'Old', severity: 'minor', fixable: false, lock: 'AccessExclusiveLock' },
    { id: 'changed:domain_constraint:public.d.c:name' },
  ]);
  for (const { fixSql } of issues) for (const sql of fixSql) await session.sql(sql);
  expect(issuesOf(await takeSchemaSnapshot(session), before)).toEqual([]);
});

const object = (kind: string, name: string[], attributes: SchemaObject['attributes'] = {}): SchemaObject => ({
  ...{ kind, name, attributes },
});
const snapshot = (...objects: SchemaObject[]): SchemaSnapshot => ({
  ...{ formatVersion: 1, serverVersionNum: 150_000, objects },
});

test('a mark makes what is wrong with it critical, and with what is in it; not with what begins alike', () => {
  const table = object('table', ['a', 't']);
  const expected = snapshot(
    table,
    object('index', ['a', 't', 'i'], { definition: 'CREATE INDEX i ON a.t USING btree (x)' }),
  );
  expect(issuesOf(snapshot(table), expected)).toMatchObject([{ severity: 'minor' }]);
  expect(issuesOf(snapshot(table), expected, { critical: new Set(['a.t']) })).toMatchObject([
    { severity: 'critical' },
  ]);
  expect(issuesOf(snapshot(table), expected, { critical: new Set(['a.t2', 'a.t.ii', 't']) })).toMatchObject([
    { severity: 'minor' },
  ]);
  const more = snapshot(table, object('table', ['a', 'more']));
  expect(issuesOf(more, snapshot(table), { critical: new Set(['a']) })).toMatchObject([{ severity: 'info' }]);
  expect(issuesOf(more, snapshot(table), { partial: true })).toEqual([]);
});

test('the worst come first', () => {
  const there = object('table', ['a', 'z']);
  const issues = issuesOf(
    snapshot(there, object('table', ['a', 'extra'])),
    snapshot({ ...there, attributes: { comment: 'x' } }, object('table', ['a', 'zz'])),
  );
  expect(issues.map(({ severity, path }) => [severity, path])).toEqual([
    ['critical', 'a.zz'],
    ['minor', 'a.z'],
    ['info', 'a.extra'],
  ]);
});
