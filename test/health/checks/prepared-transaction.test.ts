import { afterAll, beforeAll, expect, test } from 'vitest';
import { preparedPoll } from '../../../src/db/queries/wal.ts';
import { preparedTransaction } from '../../../src/health/checks/prepared-transaction.ts';
import { app } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { assessed, rowsOf } from '../facts.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const checks = [preparedTransaction];
const thresholds = { idle_in_transaction_seconds: { normal: 0 } };

test('a transaction that stays prepared is found by its name, by any role, until it is ended', async () => {
  const gid = `${db.database} it's`;
  const literal = `'${gid.replace("'", "''")}'`;
  const session = await app(db);
  await session.sql('BEGIN');
  await session.sql(`PREPARE TRANSACTION ${literal}`);
  try {
    for (const role of [undefined, await db.roleWith()]) {
      const { findings, unknown } = await lookAt(db.target(role), { checks, thresholds });
      expect(unknown).toEqual([]);
      expect(findings).toMatchObject([
        {
          id: `prepared_transaction:${gid}`,
          severity: 'warning',
          title: expect.stringContaining(`The transaction ${literal} was prepared 0.`),
          evidence: expect.stringContaining(`of postgres in ${db.database};`),
          remedy: { operation: 'prepared', input: { gid } },
        },
      ]);
    }
    // in the middle of a commit over two databases it is as it should be
    expect((await lookAt(db.target(), { checks })).findings).toEqual([]);
  } finally {
    await session.sql(`ROLLBACK PREPARED ${literal}`);
  }
  expect(await lookAt(db.target(), { checks, thresholds })).toMatchObject({ findings: [], unknown: [] });
});

test('after an hour it is forgotten, and the score says so', () => {
  const prepared = (prepared_seconds: number) => {
    const row = { gid: 'two', owner: null, database: 'shop', prepared_seconds, xid_age: 9 };
    return assessed(checks, [[rowsOf(preparedPoll, row)]]).findings;
  };
  expect(prepared(3599)).toMatchObject([{ severity: 'warning' }]);
  expect(prepared(3599)[0]).not.toHaveProperty('cap');
  expect(prepared(3601)).toMatchObject([{ severity: 'alert', cap: 79, threshold: 3600 }]);
});
