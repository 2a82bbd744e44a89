import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/client.ts';
import { notComparedIn } from '../../src/ops/schema/check/compared.ts';
import { issuesOf } from '../../src/ops/schema/check/issues.ts';
import { parseSnapshot } from '../../src/ops/schema/read.ts';
import { takeSchemaSnapshot } from '../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { everything } from '../support/fixtures/everything.ts';

let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await everything(session);
});
afterAll(() => db.drop());

test('the rich schema is as expected of itself, with grants and without, under any search_path', async () => {
  const expected = await takeSchemaSnapshot(session);
  await session.sql('SET search_path = app, public');
  expect(issuesOf(await takeSchemaSnapshot(session), expected)).toEqual([]);
  const granted = await takeSchemaSnapshot(session, { grants: true });
  expect(granted.objects.length).toBeGreaterThan(expected.objects.length);
  expect(issuesOf(await takeSchemaSnapshot(session, { grants: true }), granted)).toEqual([]);
});

test('and as a snapshot of PostgreSQL 15 of the same schema has it, either way', async () => {
  const file = new URL('everything-15.snapshot', import.meta.url);
  const there = parseSnapshot(readFileSync(file, 'utf8'), 'everything-15.snapshot');
  const here = await takeSchemaSnapshot(session);
  expect(issuesOf(here, there)).toEqual([]);
  expect(issuesOf(there, here)).toEqual([]);
  const left = notComparedIn({ actual: here, expected: there, grants: false, partial: false });
  expect(left.some(({ what }) => what.startsWith('definitions of views'))).toBe(session.server.major !== 15);
});

test('a REVOKE is seen, and what an owner has by itself in a newer version is not', async () => {
  const before = await takeSchemaSnapshot(session, { grants: true });
  const owners = before.objects.flatMap(({ attributes }) => attributes.taken_from_owner ?? []);
  expect(owners).toEqual([]);
  await session.sql('REVOKE SELECT ON app.customers FROM PUBLIC; ALTER TABLE app.empty OWNER TO pg_monitor');
  const found = issuesOf(await takeSchemaSnapshot(session, { grants: true }), before);
  expect(found.map(({ id }) => id)).toEqual([
    'changed:privileges:app.customers:grants',
    'changed:privileges:app.empty:owner',
  ]);
});
