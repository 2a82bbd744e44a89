import { expect, test } from 'vitest';
import { BARE } from '../../src/log/entry.ts';
import { redacted } from '../../src/log/secrets.ts';
import { withoutPasswords } from '../../src/text/passwords.ts';

test.each([
  [`ALTER ROLE app PASSWORD 'hunter2'`, 'ALTER ROLE app PASSWORD ***'],
  [
    `create user app encrypted password E'hun\\'ter2' valid until '2030-01-01'`,
    'create user app encrypted password *** valid until ***',
  ],
  [`ALTER USER app WITH PASSWORD $x$hunter2$x$ NOLOGIN`, 'ALTER USER app WITH PASSWORD *** NOLOGIN'],
  [`ALTER ROLE app PASSWORD 'SCRAM-SHA-256$4096:hunter2`, 'ALTER ROLE app PASSWORD ***'],
  [`ALTER ROLE app PASWORD 'hunter2'`, 'ALTER ROLE app PASWORD ***'],
  [`ALTER ROLE app PASSWORD "hunter2"`, 'ALTER ROLE app PASSWORD ***'],
  [`statement: DO $$ BEGIN EXECUTE 'ALTER ROLE app PASSWORD ''hunter2'''; END $$`, 'statement: DO ***'],
  [
    `CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2 user=u' PUBLICATION p`,
    `CREATE SUBSCRIPTION s CONNECTION 'host=h password=*** user=u' PUBLICATION p`,
  ],
  [`SELECT dblink('host=h password=''hunter 2'' user=u')`, `SELECT dblink('host=h password=*** user=u')`],
  [
    `CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u', password 'hunter2')`,
    'CREATE USER MAPPING FOR app SERVER s OPTIONS (user ***, password ***)',
  ],
  ['could not connect to postgres://u:hunter2@h/db', 'could not connect to postgres://u:***@h/db'],
  [
    `SELECT 'a role', 'b' FROM users WHERE password_hash = 'x'`,
    `SELECT 'a role', 'b' FROM users WHERE password_hash = 'x'`,
  ],
  ['ALTER ROLE app PASSWORD hunter2; SELECT 1', 'ALTER ROLE app PASSWORD ***; SELECT 1'],
  ['ALTER ROLE app PASSWORD NULL', 'ALTER ROLE app PASSWORD NULL'],
  [String.raw`SELECT 'host=h password=hun\ ter2 user=u'`, `SELECT 'host=h password=*** user=u'`],
  [`SELECT '{"password": "hunter2", "n": 1}'`, `SELECT '{"password": ***, "n": 1}'`],
  [`SELECT set_config('app.password', 'hunter2', false)`, `SELECT set_config('app.password', ***, false)`],
  [`GRANT reader TO "group"`, `GRANT reader TO "group"`],
])('%s', (text, expected) => {
  expect(withoutPasswords(text)).toBe(expected);
});

test('a statement that is made to be slow to read is read in no time', () => {
  const text = 'a://b:'.repeat(2 ** 20 / 6);
  const begun = performance.now();
  expect(withoutPasswords(text)).toBe(text);
  expect(withoutPasswords(`${text}@h`)).toBe('a://b:***@h');
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('what the parser has stumbled over is no password that is told', () => {
  const entry = {
    ...BARE,
    severity: 'error' as const,
    message: 'syntax error at or near "hunter2" at character 27',
    statement: 'ALTER ROLE app PASSWORD hunter2',
  };
  expect(redacted(entry).message).toBe('syntax error at or near ***');
  expect(redacted({ ...entry, statement: 'SELEC 1' }).message).toContain('hunter2');
});
