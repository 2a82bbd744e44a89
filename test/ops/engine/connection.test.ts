import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/profile.ts';
import { NO_SETTINGS, type Settings } from '../../../src/config/settings.ts';
import { connectionWords, withConnection } from '../../../src/ops/engine/connection.ts';

const env = { HOME: '/nowhere' };
const settings: Settings = {
  ...NO_SETTINGS,
  profiles: {
    prod: { host: 'db.example', database: 'shop', user: 'dba', environment: 'production' },
  },
};

test('without a profile every part of the address is said, wherever it came from', () => {
  const resolved = resolve(
    { host: 'a b', dbname: 'shop' },
    { ...env, PGPORT: '5433', PGUSER: '管理' },
    settings,
  );
  expect(connectionWords(resolved)).toEqual(['-h', 'a b', '-p', '5433', '-U', '管理', '-d', 'shop']);
});

test('a profile is named, with what was given beside it', () => {
  const of = (flags: Parameters<typeof resolve>[0]) => connectionWords(resolve(flags, env, settings));
  expect(of({ profile: 'prod' })).toEqual(['--profile', 'prod']);
  expect(of({ profile: 'prod', dbname: 'stock', readOnly: false })).toEqual([
    ...['--profile', 'prod', '-d', 'stock', '--no-read-only'],
  ]);
});

test('a settings file that was named is named again, whoever named it: cron has no PGDECK_CONFIG', () => {
  const named = { ...env, PGDECK_CONFIG: '/etc/pgdeck.json' };
  expect(connectionWords(resolve({ profile: 'prod' }, named, settings))).toEqual([
    ...['--config', '/etc/pgdeck.json', '--profile', 'prod'],
  ]);
  const given = resolve({ config: 'own.json', host: 'h', username: 'u', dbname: 'd' }, named, settings);
  expect(connectionWords(given)).toEqual([
    ...['--config', join(process.cwd(), 'own.json'), '-h', 'h', '-p', '5432', '-U', 'u', '-d', 'd'],
  ]);
});

test.each([
  [{ url: 'postgres://dba:secret@db.example/shop?sslmode=verify-full&sslrootcert=system' }],
  [{ dbname: "host=db.example user=dba password=secret dbname='a=b \\'c\\'\\\\'" }],
])('what flags cannot say is a connection string, without the password: %j', (flags) => {
  const resolved = resolve(flags, env, settings);
  const words = connectionWords(resolved);
  expect(words[0]).toBe('-d');
  expect(words.join(' ')).not.toContain('secret');
  const again = resolve({ dbname: words[1] }, env, settings);
  const { password: _, ...target } = resolved.target;
  expect(again.target).toMatchObject(JSON.parse(JSON.stringify(target)));
});

test('a command of pgdeck gets the words, quoted; others do not', () => {
  const words = ['-h', 'a b', '-d', 'shop'];
  expect(withConnection('pgdeck undo x', words)).toBe("pgdeck -h 'a b' -d shop undo x");
  expect(withConnection('pgdeck backups delete a && pgdeck backups delete b', ['--profile', 'p'])).toBe(
    'pgdeck --profile p backups delete a && pgdeck --profile p backups delete b',
  );
  expect(withConnection('dropdb -h x -- shop', words)).toBe('dropdb -h x -- shop');
});
