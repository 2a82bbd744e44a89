import { chmodSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS, type Settings, settingsSchema } from '../../src/config/settings.ts';
import { temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
writeFileSync(
  join(home, '.pg_service.conf'),
  '[shop]\nhost=service\nport=6001\nuser=service\npassword=of-service\n',
);
const env = { HOME: home };
const settings: Settings = settingsSchema.parse({
  profiles: {
    prod: { host: 'prod', port: 6002, user: 'app', database: 'shop', environment: 'production' },
    writable: { host: 'prod', environment: 'production', readOnly: false },
    test: { service: 'shop', database: 'test', thresholds: { lock_wait_seconds: { alert: 7 } } },
    url: { url: 'postgres://u@h/d', port: 6003, intervals: { refresh_seconds: 5 } },
  },
  thresholds: { lock_wait_seconds: { normal: 2 }, slow_query_ms: 50 },
});
const withDefault: Settings = { ...settings, defaultProfile: 'prod' };

function address(...args: Parameters<typeof resolve>): string {
  const { user, host, port, database } = resolve(...args).target;
  return `${user}@${host}:${port}/${database}`;
}

describe('order', () => {
  const pg = { ...env, PGHOST: 'env', PGPORT: '6004', PGUSER: 'env', PGDATABASE: 'env' };

  test('flags stand above everything', () => {
    const flags = { host: 'flag', port: '6005', username: 'flag', dbname: 'flag' };
    expect(address({ ...flags, profile: 'prod' }, pg, withDefault)).toBe('flag@flag:6005/flag');
    expect(address({ ...flags, url: 'postgres://u@h:1/d' }, pg, withDefault)).toBe('flag@flag:6005/flag');
  });

  test.each([
    [{ url: 'postgres://u@h:1/d' }, 'u@h:1/d'],
    [{ dbname: 'postgres://u@h:1/d' }, 'u@h:1/d'],
    [{ dbname: 'host=h user=u' }, 'u@h:6004/env'],
    [{ service: 'shop' }, 'service@service:6001/env'],
    [{ dbname: 'service=shop user=u' }, 'u@service:6001/env'],
    [{ profile: 'prod' }, 'app@prod:6002/shop'],
    [{ profile: 'test' }, 'service@service:6001/test'],
    [{ profile: 'url' }, 'u@h:6003/d'],
  ])('a source named on the command line stands above the environment: %j', (flags, expected) => {
    expect(address(flags, pg, withDefault)).toBe(expected);
  });

  test('PGSERVICE stands above the other variables, and they above the default profile', () => {
    expect(address({}, { ...pg, PGSERVICE: 'shop' }, withDefault)).toBe('service@service:6001/env');
    expect(address({}, pg, withDefault)).toBe('env@env:6004/env');
    expect(address({}, { ...env, PGUSER: 'env' }, withDefault)).toBe('env@prod:6002/shop');
  });

  test('the default profile gives nothing to a server that something else names', () => {
    for (const [flags, variables] of [
      [{ host: 'other' }, {}],
      [{ port: '1' }, {}],
      [{}, { PGHOST: 'other' }],
      [{}, { PGSERVICE: 'shop' }],
      [{ url: 'postgres://other' }, {}],
    ] as const) {
      const resolved = resolve(flags, { ...env, ...variables }, withDefault);
      expect(resolved.profileName, JSON.stringify(flags)).toBeUndefined();
      expect(resolved.environment).toBeUndefined();
    }
    const named = resolve({ username: 'bob', dbname: 'x' }, env, withDefault);
    expect(named).toMatchObject({
      profileName: 'prod',
      readOnly: true,
      target: { user: 'bob', database: 'x' },
    });
  });

  test("libpq's defaults: this user, a database of that name, 5432, prefer", () => {
    const { target } = resolve({}, env, NO_SETTINGS);
    const me = userInfo().username;
    expect(target).toMatchObject({ port: 5432, user: me, database: me, sslmode: 'prefer', readOnly: false });
    expect(target.host).toMatch(/^(localhost|\/tmp|\/var\/run\/postgresql)$/);
    expect(address({ username: 'bob', host: 'h' }, env, NO_SETTINGS)).toBe('bob@h:5432/bob');
  });

  test('says where each value came from', () => {
    const { describe } = resolve({ port: '1', profile: 'prod' }, { ...env, PGSSLMODE: 'require' }, settings);
    expect(describe.map(({ field, value, from }) => `${field} ${value} ${from}`)).toEqual([
      'host prod profile prod',
      'port 1 -p',
      'user app profile prod',
      'database shop profile prod',
      'sslmode require PGSSLMODE',
      'connect_timeout 10 default',
    ]);
  });

  test('the address and the name of a host come from one place', () => {
    const { target } = resolve({ host: 'named' }, { ...env, PGHOSTADDR: '192.0.2.1' }, NO_SETTINGS);
    expect(target.host).toBe('named');
    const both = resolve({ dbname: 'host=named hostaddr=192.0.2.1' }, env, NO_SETTINGS).target;
    expect(both).toMatchObject({ host: '192.0.2.1', tls: { servername: 'named' } });
  });
});

describe('refused', () => {
  test.each([
    [{ host: 'a,b' }, /several servers/],
    [{ url: 'postgres://a,b/x' }, /several servers/],
    [{ port: '0' }, /port must be/],
    [{ port: '54x' }, /port must be/],
    [{ profile: 'nope' }, /no profile "nope"/],
    [{ profile: 'constructor' }, /no profile "constructor"/],
    [{ profile: 'prod', url: 'postgres://x' }, /--profile and --url both name a server/],
    [{ service: 'shop', dbname: 'host=x' }, /both name a server/],
    [{ service: 'nope' }, /defined nowhere/],
    [{ dbname: 'connect_timeout=soon' }, /connect_timeout/],
    [{ interval: '0.1' }, /from 0.5 to 60/],
    [{ interval: 'often' }, /from 0.5 to 60/],
  ])('%j', (flags, message) => {
    expect(() => resolve(flags, env, settings)).toThrow(message);
  });
});

describe('what comes with a profile', () => {
  test.each([
    [{ profile: 'prod' }, true],
    [{ profile: 'writable' }, false],
    [{ profile: 'writable', readOnly: true }, true],
    [{ profile: 'test' }, false],
    [{ host: 'x' }, false],
    [{ host: 'x', readOnly: true }, true],
  ])('production is read-only unless it says otherwise: %j', (flags, readOnly) => {
    const resolved = resolve(flags, env, settings);
    expect([resolved.readOnly, resolved.target.readOnly]).toEqual([readOnly, readOnly]);
  });

  test('its thresholds lie over those of all servers, level by level', () => {
    const { thresholds } = resolve({ profile: 'test' }, env, settings);
    expect(thresholds.lock_wait_seconds).toEqual({ normal: 2, alert: 7, critical: 60 });
    expect(thresholds.slow_query_ms).toBe(50);
    expect(thresholds.cache_hit_percent).toEqual({ normal: 99, alert: 95, critical: 80 });
  });

  test('its intervals, unless one is typed', () => {
    const intervals = [{ profile: 'prod' }, { profile: 'url' }, { profile: 'url', interval: '2s' }].map(
      (flags) => resolve(flags, env, settings).intervals.refresh_seconds,
    );
    expect(intervals).toEqual([1, 5, 2]);
  });
});

describe('password', () => {
  const passfile = join(home, '.pgpass');
  writeFileSync(passfile, '*:*:*:*:of-file\n', { mode: 0o600 });

  test.each([
    [{ url: 'postgres://u:typed@h/d' }, { PGPASSWORD: 'of-env' }, 'typed'],
    [{ dbname: "host=h password='typed in'" }, {}, 'typed in'],
    [{ service: 'shop' }, { PGPASSWORD: 'of-env' }, 'of-service'],
    [{ host: 'h' }, { PGPASSWORD: 'of-env' }, 'of-env'],
    [{ host: 'h' }, {}, 'of-file'],
    [{ host: 'h' }, { PGPASSFILE: '/none' }, undefined],
  ])('%j %j', async (flags, variables, expected) => {
    const resolved = resolve(flags, { ...env, ...variables }, settings);
    expect(await resolved.target.password()).toBe(expected);
    expect(JSON.stringify(resolved)).not.toContain(expected ?? 'of-');
  });

  test('typed on the command line is used with a warning that does not repeat it', () => {
    const { warnings } = resolve({ url: 'postgres://u:typed@h/d' }, env, settings);
    expect(warnings).toEqual([expect.stringContaining('can be seen by other users')]);
    expect(warnings.join()).not.toContain('typed');
    expect(resolve({ host: 'h' }, { ...env, PGPASSWORD: 'x' }, settings).warnings).toEqual([]);
  });

  test('file that others may read is told and not used', async () => {
    const open = join(home, 'open');
    writeFileSync(open, '*:*:*:*:of-file\n');
    chmodSync(open, 0o644);
    const resolved = resolve({ host: 'h' }, { ...env, PGPASSFILE: open }, settings);
    expect(resolved.warnings).toEqual([expect.stringContaining('Others may read')]);
    expect(await resolved.target.password()).toBeUndefined();
  });

  test('is asked for once, however many connections open', async () => {
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return 'asked';
    };
    const { target } = resolve({ host: 'h', username: 'bob' }, { ...env, PGPASSFILE: '/none' }, settings, {
      ask,
    });
    expect(questions).toEqual([]);
    expect(await Promise.all([target.password(), target.password()])).toEqual(['asked', 'asked']);
    expect(await target.password()).toBe('asked');
    expect(questions).toEqual(['Password for bob@h:5432/bob: ']);
  });
});
