import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tlsSettings } from '../../../src/config/libpq/tls.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const bare = { HOME: join(home, 'bare') };
const env = { HOME: join(home, 'full') };
const directory = join(env.HOME, '.postgresql');
const file = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(directory, name), text, { mode });
  chmodSync(join(directory, name), mode);
};

beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  file('root.crt', 'ROOT');
  file('postgresql.crt', 'CERT');
  file('postgresql.key', 'KEY');
});

describe('mode', () => {
  test('is prefer by default and checks nothing', () => {
    expect(tlsSettings({}, bare)).toEqual({ sslmode: 'prefer' });
  });

  test('must be one of libpq', () => {
    expect(() => tlsSettings({ sslmode: 'no-verify' }, bare)).toThrow('There is no sslmode "no-verify".');
  });

  test('that checks the server needs a root certificate', () => {
    expect(() => tlsSettings({ sslmode: 'verify-full' }, bare)).toThrow(/root\.crt does not exist/);
    expect(() => tlsSettings({ sslmode: 'verify-ca', sslrootcert: '/none' }, bare)).toThrow(
      '/none does not exist',
    );
  });

  test('with the authorities of the system is verify-full or nothing', () => {
    expect(tlsSettings({ sslrootcert: 'system' }, bare).sslmode).toBe('verify-full');
    expect(() => tlsSettings({ sslrootcert: 'system', sslmode: 'require' }, bare)).toThrow(/too weak/);
  });
});

describe('certificates', () => {
  test('are those of ~/.postgresql', () => {
    const { sslmode, tls } = tlsSettings({}, env);
    expect(sslmode).toBe('prefer');
    expect(Object.entries(tls ?? {}).map(([name, text]) => [name, String(text)])).toEqual([
      ['ca', 'ROOT'],
      ['cert', 'CERT'],
      ['key', 'KEY'],
    ]);
  });

  test('are not read when there is no TLS', () => {
    expect(tlsSettings({ sslmode: 'disable', sslcert: '/none' }, env)).toEqual({ sslmode: 'disable' });
  });

  test('carry the name of the host when the address is given', () => {
    const { tls } = tlsSettings({ host: 'db.example', hostaddr: '192.0.2.1' }, bare);
    expect(tls).toEqual({ servername: 'db.example' });
  });

  test('need a key that only its owner can read', () => {
    file('open.key', 'KEY', 0o644);
    expect(() => tlsSettings({ sslkey: join(directory, 'open.key') }, env)).toThrow(
      /Others may read the key/,
    );
    expect(() => tlsSettings({ sslkey: '/none' }, env)).toThrow('The key /none');
    expect(() => tlsSettings({ sslcert: '/none' }, env)).toThrow(
      'The client certificate /none does not exist.',
    );
  });
});

test('the files are known too: programs that connect by themselves read them again', () => {
  const inHome = (name: string) => join(directory, name);
  expect(tlsSettings({}, env).tlsFiles).toEqual({
    root: inHome('root.crt'),
    certificate: inHome('postgresql.crt'),
    key: inHome('postgresql.key'),
  });
  expect(tlsSettings({ sslrootcert: inHome('postgresql.crt') }, bare).tlsFiles).toEqual({
    root: inHome('postgresql.crt'),
  });
  expect(tlsSettings({ sslrootcert: 'system' }, bare).tlsFiles).toEqual({ root: 'system' });
  expect(tlsSettings({}, bare).tlsFiles).toBeUndefined();
});
