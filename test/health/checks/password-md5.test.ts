import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { passwordExpiry } from '../../../src/health/checks/password-expiry.ts';
import { passwordMd5 } from '../../../src/health/checks/password-md5.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
let admin: Session;
let role: string;
beforeAll(async () => {
  db = await testDatabase();
  admin = await client(db.target());
  role = await db.roleWith();
});
afterAll(() => db.drop());

test('a password that is kept as an MD5 hash is found until it is set anew', async () => {
  const look = async () => (await lookAt(db.target(), { checks: [passwordMd5] })).findings;
  await admin.sql('SET password_encryption = md5');
  await admin.sql(`ALTER ROLE ${role} PASSWORD 'secret'`);
  const found = await look();
  expect(found).toMatchObject([{ id: `password_md5:${role}`, severity: 'warning' }]);
  expect(JSON.stringify(found)).not.toMatch(/md5[0-9a-f]{32}/);
  await admin.sql("SET password_encryption = 'scram-sha-256'");
  await admin.sql(`ALTER ROLE ${role} PASSWORD 'secret'`);
  expect(await look()).toEqual([]);
});

test('a monitoring role is told that it sees no hashes, and sees when they end', async () => {
  await admin.sql(`ALTER ROLE ${role} VALID UNTIL 'infinity'`);
  const look = (target = db.target(role)) => lookAt(target, { checks: [passwordMd5, passwordExpiry] });
  expect(await look()).toMatchObject({
    findings: [],
    unknown: [{ check: 'password_md5', reason: expect.stringContaining('Only superusers') }],
  });
});

test.each([
  ['20 days', undefined, ''],
  ['3 days', 'warning', 'ends in 2d23h'],
  ['-3 days', 'alert', 'has ended 3d00h ago'],
  ['-300 days', 'info', 'has ended 300d ago'],
])('a password that ends in %s is %s', async (time, severity, words) => {
  await admin.sql(
    `DO $$ BEGIN EXECUTE format('ALTER ROLE ${role} VALID UNTIL %L', now() + interval '${time}'); END $$`,
  );
  const { findings } = await lookAt(db.target(), { checks: [passwordExpiry] });
  expect(findings.map((one) => [one.id, one.severity])).toEqual(
    severity === undefined ? [] : [[`password_expiry:${role}`, severity]],
  );
  if (severity !== undefined) expect(findings[0]?.title).toContain(words);
});

test('one whose name has to be quoted is quoted in what helps', async () => {
  const name = `${db.database}_Odd "one"`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await admin.sql(`CREATE ROLE ${quoted} LOGIN VALID UNTIL '2001-01-01'`);
  try {
    const { findings } = await lookAt(db.target(), { checks: [passwordExpiry] });
    const found = findings.find(({ object }) => object === name);
    expect(found?.remedy).toMatchObject({ sql: `ALTER ROLE ${quoted} NOLOGIN` });
  } finally {
    await admin.sql(`DROP ROLE ${quoted}`);
  }
});
