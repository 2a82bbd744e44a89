import { expect, test } from 'vitest';
import { Secrets } from '../../../../src/ops/engine/run/secrets.ts';

function secrets(...known: string[]): Secrets {
  const made = new Secrets(['administrator', 'shop_production', 'db.example.com']);
  for (const one of known) made.add(one);
  return made;
}

test.each([
  ['postgres', '/usr/lib/postgresql/15/bin/pg_dump of postgres@localhost:5432/postgres'],
  ['shop', 'shop_20261120_173200 in /srv/shop/backups: GRANT pg_monitor TO "shop"'],
  ['2026', 'run 20261120T173200Z-2026 took 2026 ms'],
  ['administrator', 'GRANT pg_monitor TO administrator'],
  ['shop_production', 'pgdeck undo RUN -d shop_production'],
  ['a', 'a table, and another'],
  ['customers_of', 'the index ix_customers_of_2026 of customers_of_2026'],
])('%j as a password leaves ordinary words alone: %s', (password, text) => {
  expect(secrets(password).redact(text)).toBe(text);
});

test.each([
  ['hook: postgres://app:shop@db/shop?x=1', 'hook: postgres://app:***@db/shop?x=1'],
  ['postgresql+psycopg2://app:p@ss@db/shop', 'postgresql+psycopg2://app:***@db/shop'],
  ['postgres://app:a/b@db/shop', 'postgres://app:***@db/shop'],
  ["host=db user=app password='it\\'s me' dbname=shop", 'host=db user=app password=*** dbname=shop'],
  ['host=db password=shop dbname=shop', 'host=db password=*** dbname=shop'],
  ['sslpassword = shop', 'sslpassword = ***'],
  ['+ PGPASSWORD=shop pg_dump shop', '+ PGPASSWORD=*** pg_dump shop'],
  ['DB_PASSWORD="two words" ./run', 'DB_PASSWORD=*** ./run'],
  ["{'user': 'shop', 'password': 'shop'}", "{'user': 'shop', 'password': ***}"],
  ['{"password":"sh\\"op","user":"shop"}', '{"password":***,"user":"shop"}'],
  ["ALTER ROLE shop PASSWORD 'it''s'; SELECT 'shop'", "ALTER ROLE shop PASSWORD ***; SELECT 'shop'"],
  [
    "ALTER ROLE shop WITH ENCRYPTED PASSWORD E'a\\'b' LOGIN",
    'ALTER ROLE shop WITH ENCRYPTED PASSWORD *** LOGIN',
  ],
  ['alter role shop password $q$shop$q$;', 'alter role shop password ***;'],
])(
  'where a password stands it is hidden, whatever it is, also one that nobody has used: %s',
  (text, clean) => {
    expect(secrets('shop').redact(text)).toBe(clean);
    expect(secrets().redact(text)).toBe(clean);
  },
);

test.each([
  'password authentication failed for user "shop"',
  'fe_sendauth: no password supplied',
  'PASSWORD NULL',
])('a message about passwords keeps its words: %s', (text) => {
  expect(secrets('shop').redact(text)).toBe(text);
});

const LONG = 'q7Rz0vTn4LxKw2';
const ODD = "p'w\\d:%9 Z/x";
test.each([
  [LONG, `token ${LONG}.`, 'token ***.'],
  [LONG, `=x_${LONG}1=`, '=x_***1='],
  ['correct horse battery staple', 'it is (correct horse battery staple)', 'it is (***)'],
  ['Ab3-xyz9', 'echo Ab3-xyz9', 'echo ***'],
  [ODD, `said ${ODD}`, 'said ***'],
  [ODD, `said ${encodeURIComponent(ODD)} here`, 'said *** here'],
  [ODD, `said ${JSON.stringify(ODD)} here`, 'said "***" here'],
  [ODD, `*:*:*:*:${ODD.replaceAll(/[\\:]/g, '\\$&')}`, '*:*:*:*:***'],
  [ODD, `SELECT '${ODD.replaceAll("'", "''")}'`, "SELECT '***'"],
])('%j as a password is hidden wherever a script prints it: %s', (password, text, clean) => {
  expect(secrets(password, 'shop').redact(text)).toBe(clean);
});

test('a line that is made to be slow to read is read in no time', () => {
  const text = 'a://b:'.repeat(2 ** 17);
  const begun = performance.now();
  expect(secrets().redact(text)).toBe(text);
  expect(performance.now() - begun).toBeLessThan(2000);
});

test('the password of the server is not that of a role that was made since', () => {
  const made = new Secrets();
  made.addServer('server-Secret-7');
  made.add('app-Secret-7');
  expect(made.server).toBe('server-Secret-7');
  expect(made.redact('server-Secret-7, app-Secret-7')).toBe('***, ***');
  made.addServer('');
  expect(made.server).toBeUndefined();
});
