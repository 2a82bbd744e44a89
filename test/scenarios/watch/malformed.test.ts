import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { Planted } from './planted.ts';

const planted = new Planted();
const S = planted.plant('secret');
const home = temporaryDirectory();
const settings = join(home, 'settings.json');
/** Nobody listens there: what is malformed is told before anybody is asked. */
const SHOP = { host: '127.0.0.1', port: 9, user: 'dba', database: 'shop' };

// with it, causes are printed too
beforeEach(() => void vi.stubEnv('PGDECK_DEBUG', '1'));
afterEach(() => void vi.unstubAllEnvs());

const write = (text: string) => writeFileSync(settings, text, { mode: 0o600 });
const written = (more: object, shop: object = {}) =>
  write(JSON.stringify({ profiles: { shop: { ...SHOP, ...shop } }, ...more }));

/** Refused, and nothing of the secret said. */
const refused = (args: readonly string[], env?: Record<string, string>) =>
  refusedOf(['--profile', 'shop', 'watch', ...args], env);

async function refusedOf(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const all = cleanEnvironment(home, { PGDECK_CONFIG: settings, ...env });
  const { code, stdout, stderr } = await pgdeckHere(args, all);
  const what = JSON.stringify([args, env, stderr]);
  // as plugins of monitoring say that they were asked wrongly
  expect(code, what).toBe(args.includes('health') ? 3 : 2);
  expect(stderr, what).not.toBe('');
  expect(planted.in(stdout + stderr), what).toEqual([]);
}

const WEB = [
  `hooks.example/${S}`,
  `//hooks.example/${S}`,
  `ftp://hooks.example/${S}`,
  `https://hooks.example:${S}/`,
  `https://dba:${S}@`,
  `https://[${S}]/`,
  `https://dba:%${S.replace('s3', 'zz')}@hooks.example/`,
  `https://dba:${S}/x@hooks.example/`,
  `"https://hooks.example/${S}"`,
  `https://hooks example/${S}`,
];
const SMTP = [
  `smtp:${S}`,
  `mail.example:${S}`,
  `smtp://dba:${S}/x@mail.example`,
  `smtp://dba:${S}#x@mail.example`,
  `smtp://dba:${S}?x@mail.example`,
  `smtp://dba:${S}@mail.example/path`,
  `smtp://dba:${S}@mail.example?tls=${S}`,
  `smtp://dba:${S}@mail.example:port`,
  `smtp://dba:%zz${S}@mail.example`,
  `http://dba:${S}@mail.example`,
];

test('what is wrong with a variable is said without its value', async () => {
  written({ notify: { mail: { to: ['dba@example.com'] } } });
  for (const url of WEB) {
    await refused(['--test'], { PGDECK_WEBHOOK_URL: url, PGDECK_SMTP_URL: 'smtp://127.0.0.1:9' });
    await refused(['--test'], { PGDECK_PING_URL: url, PGDECK_SMTP_URL: 'smtp://127.0.0.1:9' });
  }
  for (const url of SMTP) await refused(['--test'], { PGDECK_SMTP_URL: url });
});

test('what is wrong with the settings is said without what stands there', async () => {
  const told = [
    ...WEB.flatMap((url) => [{ webhooks: [url] }, { ping: url }]),
    ...SMTP.map((url) => ({ mail: { to: ['dba@example.com'], url } })),
    { webhooks: `https://hooks.example/${S}` },
    { webhooks: [{ url: `https://hooks.example/${S}` }] },
    { webhook: [`https://hooks.example/${S}`] },
    { ping: [`https://hooks.example/${S}`] },
    { mail: `smtp://dba:${S}@mail.example` },
    { mail: { to: `smtp://dba:${S}@mail.example` } },
    { mail: { to: [`dba:${S}@mail.example`] } },
    { mail: { to: [], password: S } },
    { listen_token: `Bearer ${S}` },
    { listen_token: { token: S } },
    { severity: S },
    { commands: [`curl 'https://hooks.example/${S}`] },
    S,
  ];
  for (const notify of told) {
    written({ notify });
    await refused(['--test']);
    written({}, { notify });
    await refused(['--test']);
  }
  // in the wrong place
  for (const misplaced of [
    { webhooks: [S] },
    { listen_token: S },
    { ping: S },
    { url: S },
    { password: S },
  ]) {
    written(misplaced);
    await refused(['--test']);
    written({}, misplaced);
    await refused(['--test']);
  }
  // cut short, or otherwise no JSON
  const whole = JSON.stringify({ notify: { webhooks: [`https://hooks.example/${S}`], listen_token: S } });
  for (const at of [...whole.matchAll(new RegExp(S, 'g'))].map(({ index }) => index))
    for (const text of [whole.slice(0, at + 12), `${whole.slice(0, at)}"${whole.slice(at)}`]) {
      write(text);
      await refused(['--test']);
    }
  writeFileSync(settings, whole);
});

test('what is wrong with a flag is said without its value', async () => {
  written({});
  for (const url of WEB) {
    await refused(['--test', '--webhook', url]);
    await refused(['--test', '--ping', url]);
  }
  await refused(['--test', '--webhook', `https://dba:${S}@hooks.example/x`]);
  await refused(['--test', '--webhook', `https://${S}@hooks.example/x`]);
  await refused(['--print-unit', '--ping', `https://hooks.example/${S}`]);
  await refused(['--command', `curl "https://hooks.example/${S}`]);
  await refused(['--mail', `dba:${S}@mail.example`]);
  await refused(['--listen', `${S}@127.0.0.1:9187`]);
  await refused([`https://hooks.example/${S}`]);
  await refused(['--webhok', `https://hooks.example/${S}`]);
  await refused([`--webhok=https://hooks.example/${S}`]);
  await refused(['--webhook']);
});

test('nor where a URL with a password stands in the place of something else', async () => {
  written({});
  const url = `postgres://dba:${S}@db.example/shop`;
  for (const args of [
    [url],
    ['health', url],
    ['health', `--uri=${url}`],
    ['show', url],
    ['show', 'activity', url],
    ['show', 'activity', '--limit', url],
    ['profile', 'add', url],
    ['profile', 'show', url],
    ['backups', url],
    ['runs', url],
    ['--profile', url, 'health'],
    ['--service', url, 'health'],
    ['--interval', url, 'health'],
    ['--port', url, 'health'],
    ['show', 'activity', `host=db.example password=${S}`],
    ['health', `--password=${S}`],
  ])
    await refusedOf(args);
});
