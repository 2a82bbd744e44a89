import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPassword, passfilePath, readPassfile } from '../../../src/config/libpq/pgpass.ts';
import { temporaryDirectory } from '../../support/program.ts';

const key = { host: 'db', port: 5432, database: 'shop', user: 'bob' };

describe('lines', () => {
  test.each([
    ['db:5432:shop:bob:right', 'right'],
    ['*:*:*:*:right', 'right'],
    ['other:5432:shop:bob:no\ndb:*:shop:bob:right\n*:*:*:*:late', 'right'],
    ['#db:5432:shop:bob:no\n\ndb:5432:shop:bob:right\r\n', 'right'],
    [String.raw`db:5432:shop:bob:a\:b\\c\d`, String.raw`a:b\cd`],
    ['db:5432:shop:bob:right:comment', 'right'],
    [' db:5432:shop:bob:no', undefined],
    ['db:5432:shop:bob:', undefined],
    ['db:5432:shop:bob', undefined],
    ['db:05432:shop:bob:no', undefined],
    ['d*:5432:shop:bob:no', undefined],
    [String.raw`\*:5432:shop:bob:no`, undefined],
    ['DB:5432:shop:bob:no', undefined],
    ['db:5432:shop:bob:with blanks ', 'with blanks '],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(findPassword(text, key)).toBe(expected);
  });

  test('names may have separators, escaped', () => {
    const odd = { host: '2001:db8::1', port: 5432, database: String.raw`a\b`, user: '*' };
    expect(findPassword(String.raw`2001\:db8\:\:1:5432:a\\b:\*:right`, odd)).toBe('right');
  });

  test('a default socket directory is called localhost, another one by its path', () => {
    const text = 'localhost:5432:shop:bob:local\n/srv/pg:5432:shop:bob:own';
    const passwords = ['/tmp', '/var/run/postgresql', '/srv/pg', '/elsewhere', 'localhost'].map((host) =>
      findPassword(text, { ...key, host }),
    );
    expect(passwords).toEqual(['local', 'local', 'own', undefined, 'local']);
  });
});

describe('file', () => {
  const directory = temporaryDirectory();
  const file = join(directory, '.pgpass');
  writeFileSync(file, 'db:5432:shop:bob:right\n');

  test('is used when only its owner can read it', () => {
    chmodSync(file, 0o600);
    expect(readPassfile(file, key)).toEqual({ password: 'right' });
  });

  test.each([0o640, 0o604, 0o620])('is not used with mode %o, and says so', (mode) => {
    chmodSync(file, mode);
    const { password, warning } = readPassfile(file, key);
    expect(password).toBeUndefined();
    expect(warning).toMatch(/Others may read .*chmod 0600/);
    expect(warning).not.toContain('right');
  });

  test('has no password when it is absent or a directory', () => {
    mkdirSync(join(directory, 'dir'));
    expect(readPassfile(join(directory, 'none'), key)).toEqual({});
    expect(readPassfile(join(directory, 'dir'), key).warning).toMatch(/not a plain file/);
  });

  test.skipIf(process.platform === 'win32')('is PGPASSFILE, else in the home directory', () => {
    expect(passfilePath({ HOME: '/home/bob' })).toBe('/home/bob/.pgpass');
    expect(passfilePath({ HOME: '/home/bob', PGPASSFILE: '/else' })).toBe('/else');
  });
});
