import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS } from '../../src/config/settings.ts';
import { changeSettings, readSettings, settingsPath } from '../../src/config/store.ts';
import { temporaryDirectory } from '../support/program.ts';

const directory = temporaryDirectory();
let file = '';
let serial = 0;
beforeEach(() => {
  file = join(directory, String(++serial), 'config.json');
  mkdirSync(dirname(file));
});

describe('where the file is', () => {
  test.skipIf(process.platform === 'win32')('flag, PGDECK_CONFIG, XDG_CONFIG_HOME, home', () => {
    const env = { HOME: '/home/bob', XDG_CONFIG_HOME: '/xdg', PGDECK_CONFIG: '/own.json' };
    expect(settingsPath(env, '/flag.json')).toBe('/flag.json');
    expect(settingsPath(env)).toBe('/own.json');
    expect(settingsPath({ ...env, PGDECK_CONFIG: '' })).toBe('/xdg/pgdeck/config.json');
    expect(settingsPath({ HOME: '/home/bob' })).toBe('/home/bob/.config/pgdeck/config.json');
  });
});

describe('reading', () => {
  test('rules of cleanup have an age with its unit, and names of their own', () => {
    const rule = { table: 'ev', column: 'at', older_than: '90d' };
    const written = (cleanup: readonly object[]) => {
      writeFileSync(file, JSON.stringify({ profiles: { shop: { cleanup } } }));
      return readSettings(file).profiles.shop?.cleanup;
    };
    const both = [rule, { ...rule, name: 'older', older_than: '1y6mo', archive: '/srv/old' }];
    expect(written(both)).toEqual(both);
    expect(() => written([{ ...rule, older_than: '90' }])).toThrow(/90 has no unit/);
    expect(() => written([rule, rule])).toThrow(/expected a name of its own, got "ev" again/);
    expect(() => written([{ ...rule, archive: 'old' }])).toThrow(/expected an absolute path/);
  });

  test('a file that is absent or empty has no settings, and is not made', () => {
    expect(readSettings(file)).toEqual(NO_SETTINGS);
    expect(() => readSettings(file, true)).toThrow(`There is no settings file ${file}.`);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, ' \n');
    expect(readSettings(file)).toEqual(NO_SETTINGS);
  });

  test.each([
    [
      '{\n  "profiles": {\n    "prod": { "host": "db", "port": "x" }\n  }\n}',
      '3:29: field "profiles.prod.port": expected a number, got "x"',
    ],
    [
      '{"profiles": {"a": {"port": 70000}}}',
      '1:21: field "profiles.a.port": expected at most 65535, got 70000',
    ],
    ['{"profiles": {"a": {"port": 0}}}', '1:21: field "profiles.a.port": expected at least 1, got 0'],
    ['{"profiles": {"a": {"hots": "x"}}}', '1:21: field "profiles.a.hots": there is no such field'],
    [
      '{\n"profiles": {"a": {"password": "geheim"}}}',
      '2:20: field "profiles.a.password": passwords are not kept here: use ~/.pgpass, PGPASSWORD or the prompt',
    ],
    [
      '{"profiles": {"a": {"url": "postgres://u:geheim@h/d"}}}',
      '1:21: field "profiles.a.url": expected a URL without a password (put it into ~/.pgpass), got one with a password',
    ],
    [
      '{"profiles": {"a": {"url": "http://x"}}}',
      '1:21: field "profiles.a.url": The connection URL does not begin with postgres://.',
    ],
    [
      '{"profiles": {"a b": {}}}',
      '1:15: field "profiles.a b": expected letters, digits, dot, dash and underscore',
    ],
    [
      '{"profiles": {"a": {"environment": "live"}}}',
      '1:21: field "profiles.a.environment": expected one of "development", "staging", "production", got "live"',
    ],
    [
      '{"profiles": {"a": {"readOnly": "yes"}}}',
      '1:21: field "profiles.a.readOnly": expected true or false, got "yes"',
    ],
    ['{"profiles": []}', '1:2: field "profiles": expected an object {…}, got a list'],
    ['{"defaultProfile": "a"}', '1:2: field "defaultProfile": expected the name of a profile, got "a"'],
    [
      '{"intervals": {"refresh_seconds": 0.1}}',
      '1:16: field "intervals.refresh_seconds": expected at least 0.5, got 0.1',
    ],
    [
      '{"thresholds": {"lock_wait_seconds": {"alert": 90}}}',
      '1:17: field "thresholds.lock_wait_seconds": expected normal <= alert <= critical, got 1, 90, 60',
    ],
    [
      '{"profiles": {"a": {"thresholds": {"cache_hit_percent": {"normal": 90}}}}}',
      '1:36: field "profiles.a.thresholds.cache_hit_percent": expected normal >= alert >= critical, got 90, 95, 80',
    ],
    ['{"colour": 1}', '1:2: field "colour": there is no such field'],
    ['[]', '1:1: expected an object {…}, got a list'],
    ['{\n  "profiles": {},\n}', '3:1: expected a name in double quotes, got "}"'],
    ['{"profiles": {}', '1:16: expected "," or "}", got the end of the file'],
    ['{"profiles": nope}', '1:14: expected a value, got "n"'],
    ['{} x', '1:4: expected the end of the file, got "x"'],
  ])('%j is told with its place', (text, expected) => {
    writeFileSync(file, text);
    const first = `${file}:${expected}.`;
    expect(() => readSettings(file)).toThrow(expect.objectContaining({ name: 'UsageError', message: first }));
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('every fault has its line', () => {
    writeFileSync(file, '{\n"profiles": {\n"a": {"port": 0},\n"b": {"hots": "x", "user": 3}}}');
    expect(() => readSettings(file)).toThrow(/:3:7: .*\n.*:4:20: .*user.*\n.*:4:7: .*hots/s);
  });
});

describe('writing', () => {
  test('only the owner can read it, and nothing else is left behind', async () => {
    const inNew = join(dirname(file), 'new', 'config.json');
    await changeSettings(inNew, (settings) => ({ ...settings, profiles: { a: { host: 'h' } } }));
    expect(statSync(inNew).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(inNew)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(inNew))).toEqual(['config.json']);
    expect(readSettings(inNew)).toEqual({ profiles: { a: { host: 'h' } } });
  });

  test('a file that others could read is closed', async () => {
    writeFileSync(file, '{}');
    chmodSync(file, 0o644);
    await changeSettings(file, (settings) => ({ ...settings, intervals: { slow_seconds: 60 } }));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('what stands in it stays, also under names with dots', async () => {
    writeFileSync(file, '{"profiles": {"a.b": {"host": "h"}}, "display": {"ascii": true}}');
    await changeSettings(file, (s) => ({ ...s, profiles: { ...s.profiles, 'c.d': { port: 1 } } }));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      profiles: { 'a.b': { host: 'h' }, 'c.d': { port: 1 } },
      display: { ascii: true },
    });
  });

  test('a bad file is not touched', async () => {
    writeFileSync(file, '{"colour": 1}');
    await expect(changeSettings(file, (settings) => settings)).rejects.toThrow('no such field');
    expect(readFileSync(file, 'utf8')).toBe('{"colour": 1}');
  });

  test('no password gets in, by whatever field', async () => {
    writeFileSync(file, '{}');
    const secrets = [
      { password: 'geheim' },
      { url: 'postgres://u:geheim@h/d' },
      { url: 'postgres://h?password=geheim' },
      { url: 'postgres://h?sslpassword=geheim' },
    ];
    for (const profile of secrets)
      await expect(changeSettings(file, () => ({ profiles: { a: profile } }))).rejects.toThrow();
    expect(readFileSync(file, 'utf8')).toBe('{}');
  });
});

describe('secrets of who is told outside', () => {
  const notify = (name: string, value: unknown) => JSON.stringify({ notify: { [name]: value } });

  test.skipIf(process.platform === 'win32').each([
    ['notify.webhooks', notify('webhooks', ['https://hooks.example.com/s3cret'])],
    ['notify.ping', notify('ping', 'https://ping.example.com/s3cret')],
    ['notify.mail.url', notify('mail', { to: ['a@b'], url: 'smtp://u:s3cret@mail' })],
    ['notify.listen_token', notify('listen_token', 's3cret')],
    [
      'profiles.prod.notify.webhooks',
      JSON.stringify({ profiles: { prod: { notify: { webhooks: ['https://h/s3cret'] } } } }),
    ],
  ])('%s is refused where others may read the file, and the command that mends it is said', (field, text) => {
    writeFileSync(file, text);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(file, mode);
      const error = thrown(() => readSettings(file));
      expect(error).toMatchObject({
        name: 'UsageError',
        message: `The settings file ${file} holds a secret (${field}), and others may read it (mode 0${mode.toString(8)}).`,
        next: `Run: chmod 600 ${file}`,
      });
    }
    chmodSync(file, 0o600);
    expect(JSON.stringify(readSettings(file))).toContain('s3cret');
  });

  test('what is no secret may be read by all', () => {
    writeFileSync(
      file,
      notify('mail', { to: ['dba@example.com'], url: 'smtp://relay@mail.example.com:25/?tls=required' }),
    );
    chmodSync(file, 0o644);
    expect(readSettings(file).notify?.mail?.to).toEqual(['dba@example.com']);
  });

  test.each([
    ['webhooks', 'https://h/s3cret', 'expected a list […], got a text'],
    ['webhooks', ['h/s3cret'], 'expected a URL with http:// or https://'],
    ['ping', ['s3cret'], 'expected a string, got a list'],
    ['mail', { to: ['a@b'], url: 'https://s3cret' }, 'expected a URL with smtp:// or smtps:// and a host'],
    ['mail', { to: ['a@b\r\nBcc: s3cret@c'] }, 'expected an address such as dba@example.com'],
    ['listen_token', 's3 cret', 'expected letters, digits and signs without blanks'],
    ['listen_token', 5_371, 'expected a string, got a number'],
    ['severity', 's3cret', 'expected one of "warning", "alert", "critical", got a text'],
    ['commands', ["page 's3cret"], 'a quote in it is not closed'],
  ])('%s: what is wrong with it is said without it', (name, value, sentence) => {
    writeFileSync(file, notify(name, value));
    const { message } = thrown(() => readSettings(file)) as Error;
    expect(message).toContain(sentence);
    expect(message).not.toMatch(/s3 ?cret|5371/);
  });

  test('a profile stands above the file, field by field, and turns off what it does not want', () => {
    const settings = {
      ...{ profiles: { p: { host: 'h', notify: { webhooks: [], mail: { to: ['p@b'] } } } } },
      notify: { webhooks: ['https://h/'], mail: { to: ['a@b'], url: 'smtp://m' }, operations: false },
    };
    writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
    const { notify: merged } = resolve({ profile: 'p' }, {}, readSettings(file));
    expect(merged).toEqual({ webhooks: [], mail: { to: ['p@b'], url: 'smtp://m' }, operations: false });
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
