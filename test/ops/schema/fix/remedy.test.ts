import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { everything } from '../../../support/fixtures/everything.ts';
import { mended } from './stage.ts';

let good: TestDatabase;
let bad: TestDatabase;
let goodSession: Session;
let session: Session;

beforeAll(async () => {
  [good, bad] = await Promise.all([testDatabase(), testDatabase()]);
  [goodSession, session] = await Promise.all([client(good.target()), client(bad.target())]);
  await everything(goodSession);
});
afterAll(async () => {
  await good.drop();
  await bad.drop();
});

test('of an empty database everything is made', async () => {
  const expected = await takeSchemaSnapshot(goodSession);
  expect(await mended(session, expected)).toEqual({ failed: [], left: [] });
});
