import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteLiteral } from '../../../../src/db/ident.ts';
import { generatePassword, kindOfVerifier, scramVerifier } from '../../../../src/ops/role/scram/verifier.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('the example of RFC 7677', async () => {
  const verifier = await scramVerifier('pencil', { salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64') });
  expect(verifier).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

/** What SASLprep changes, leaves, refuses, and what it has never heard of. */
const PASSWORDS = [
  'plain',
  'it\'s \\ "quoted" $$ %',
  '密码密码',
  'I\u00adX',
  '\u00aa',
  '\u2168',
  'a\u00a0b\u3000c',
  'zero\u200bwidth\u200djoin',
  'e\u0301\u0327',
  '\ufb01ne',
  'ﾊﾟｽﾜｰﾄﾞ１２３',
  'right \u0627\u0644',
  '\u0627\u0031',
  '\u06271\u0628',
  '\u0007bell',
  'x\u0085\ufb01',
  '\ue000\ufb01',
  '\ud83c\udd30\ufb01',
  '\u{1f511}key',
  '\u1e9e\ufb01',
  '\u00ad',
  '\u0340\ufb01',
];

test.each(PASSWORDS)('the server makes the same of %j', async (password) => {
  const session = await client(db.target());
  const role = await db.roleWith();
  await session.sql("SET password_encryption = 'scram-sha-256'");
  await session.sql(`ALTER ROLE ${role} PASSWORD ${quoteLiteral(password)}`);
  const [row] = await session.sql('SELECT rolpassword AS stored FROM pg_authid WHERE rolname = $1', [role]);
  const stored = String(row?.stored);
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(stored) ?? [];
  const own = await scramVerifier(password, {
    iterations: Number(iterations),
    salt: Buffer.from(salt ?? '', 'base64'),
  });
  expect(own).toBe(stored);
  expect(kindOfVerifier(own)).toBe('scram');
});

test('what is generated is long, and never the same', () => {
  const made = Array.from({ length: 100 }, generatePassword);
  expect(new Set(made).size).toBe(100);
  for (const one of made) expect(one).toMatch(/^[A-HJ-NP-Za-km-z2-9]{24}$/);
});

test.each(['md5'.padEnd(35, 'a'), 'plain', ''])('%j is not taken for a verifier', (stored) => {
  expect(kindOfVerifier(stored)).toBe(stored.startsWith('md5a') ? 'md5' : undefined);
});
