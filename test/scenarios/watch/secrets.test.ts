import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect as open } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import type { ChannelState } from '../../../src/notify/delivery.ts';
import { client } from '../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { Deaf } from './deaf.ts';
import { filesBelow, Planted, processes } from './planted.ts';

const planted = new Planted();
const deaf = new Deaf();
const password = planted.plant('PGPASSWORD');
let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ password, settings: { track_activities: 'on' } });
  const admin = await client(cluster.target());
  await admin.sql('CREATE TABLE orders AS SELECT n FROM generate_series(1, 1000) n');
});
afterAll(async () => {
  await deaf.close();
  await cluster?.remove();
});

/** What a place for secrets holds: everything in it is planted under its name. */
const web = (name: string, address: string, login = true) =>
  `http${name.includes('tls') ? 's' : ''}://${login ? `${planted.plant(`${name} user`)}:${encodeURIComponent(`@/:%${planted.plant(`${name} password`)}`)}@` : ''}${address}/${planted.plant(`${name} path`)}?token=${planted.plant(`${name} query`)}`;
const smtp = (name: string, port: number) =>
  `smtp://${planted.plant(`${name} user`)}:${encodeURIComponent(`@/:%${planted.plant(`${name} password`)}`)}@127.0.0.1:${port}`;

interface Stand {
  readonly home: string;
  readonly env: Record<string, string>;
  readonly args: readonly string[];
  readonly token: string;
  /** Where the command writes down what it was given. */
  readonly notes: string;
}

/** A settings file with a profile for the server, and a command that says everything it knows. */
function stand(
  notify: Record<string, unknown>,
  env: Record<string, string>,
  args: readonly string[],
  token: string,
): Stand {
  const home = temporaryDirectory();
  const notes = temporaryDirectory();
  const spy = join(notes, 'spy');
  writeFileSync(
    spy,
    `#!/bin/sh\n{ cat; env; } > ${notes}/$$.txt\nsleep 0.2\nenv >&2\nenv | tr '\\n' ' ' >&2\nexit 3\n`,
  );
  chmodSync(spy, 0o755);
  const { host, port, user, database } = cluster.target();
  const settings = join(home, 'settings.json');
  const shop = {
    ...{ host, port, user, database, sslmode: 'disable', environment: 'development' },
    thresholds: { lock_wait_seconds: { normal: 0.1, alert: 0.2, critical: 600 } },
    notify: { ...notify, commands: [spy], long_run_minutes: 0 },
  };
  writeFileSync(settings, JSON.stringify({ profiles: { shop } }), { mode: 0o600 });
  const all = cleanEnvironment(home, {
    PGDECK_CONFIG: settings,
    PGPASSWORD: password,
    PGDECK_DEBUG: '1',
    ...env,
  });
  return { home, env: all, args, token, notes };
}

const stands: Record<string, () => Promise<Stand>> = {
  'the settings file': async () => {
    const token = planted.plant('listen_token');
    const webhooks = [
      web('refused', '127.0.0.1:9'),
      web('failing', `127.0.0.1:${await deaf.failing()}`),
      web('leading', `127.0.0.1:${await deaf.leading()}`),
      web('unknown', 'pgdeck.invalid'),
      web('tls', `127.0.0.1:${await deaf.unsigned()}`),
      web('no tls', `127.0.0.1:${await deaf.echoing()}`),
      web('no http', `127.0.0.1:${await deaf.echoing()}`),
      web('taking', `127.0.0.1:${await deaf.taking()}`),
    ];
    const mail = { to: ['dba@example.com'], url: smtp('mail', await deaf.refusing()) };
    const ping = web('ping', `127.0.0.1:${await deaf.failing()}`);
    return stand({ webhooks, mail, ping, listen_token: token }, {}, [], token);
  },
  'the environment': async () => {
    const token = planted.plant('PGDECK_LISTEN_TOKEN');
    const env = {
      PGDECK_WEBHOOK_URL: web('PGDECK_WEBHOOK_URL', `127.0.0.1:${await deaf.failing()}`),
      PGDECK_PING_URL: web('PGDECK_PING_URL', `127.0.0.1:${await deaf.leading()}`),
      PGDECK_SMTP_URL: smtp('PGDECK_SMTP_URL', await deaf.posting()),
      PGDECK_LISTEN_TOKEN: token,
    };
    return stand({ mail: { to: ['dba@example.com'] } }, env, [], token);
  },
};

/** Looks at every process again and again, until it is ended: none but the program itself may hold a secret. */
function guard(): { own(child: ChildProcess): void; seen(program: string): boolean; end(): string[] } {
  const own = new Set<number>();
  const found = new Set<string>();
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const { pid, args, environ } of processes()) {
      seen.add(args);
      const open = own.has(pid) ? [] : planted.in(environ);
      for (const name of [...planted.in(args), ...open]) found.add(`${name} in ${args}`);
    }
  }, 20);
  return {
    own: ({ pid = -1 }) => own.add(pid),
    seen: (program) => [...seen].some((args) => args.includes(program)),
    end: () => {
      clearInterval(timer);
      return [...found];
    },
  };
}

/** The program, with what it says; the guard knows that it is no other process. */
function begin({ env }: Stand, args: readonly string[], guarding: ReturnType<typeof guard>) {
  const child = spawn(process.execPath, [MAIN, '--profile', 'shop', ...args], { env });
  guarding.own(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, said: () => said };
}

/** What comes back for bytes as they are. */
function raw(address: string, bytes: string): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    let text = '';
    const socket = open(Number(port), host, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {}).on('close', () => resolve(text));
  });
}

async function pages(address: string, token: string): Promise<string> {
  const bearer = `Authorization: Bearer ${token}`;
  const get = (path: string, ...more: string[]) =>
    raw(address, [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...more, '', ''].join('\r\n'));
  const all = await Promise.all([
    get('/health', bearer),
    get('/metrics', bearer),
    get('/metrics'),
    get('/metrics', `${bearer}x`),
    get(`/${token}`, bearer),
    get(`/health?token=${token}`),
    raw(address, `POST /health?${token} HTTP/1.1\r\nHost: x\r\n${bearer}\r\nConnection: close\r\n\r\n`),
    raw(address, `POST /health HTTP/1.1\r\nHost: x\r\n${bearer}\r\nContent-Length: 9999\r\n\r\n${token}`),
    raw(address, `GET /${token.repeat(500)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    raw(address, `${token}\r\n\r\n`),
    raw(address, `GET /${token} HTTP/1.1\r\n${bearer}`),
  ]);
  const codes = all.map((answer) => answer.slice(9, 12));
  expect(codes).toEqual(['503', '200', '401', '401', '404', '401', '405', '413', '413', '400', '408']);
  return all.join('\n');
}

describe.each(Object.keys(stands))('secrets of %s', (place) => {
  test('are in nothing that others see, write or read while it watches, tests and backs up', async () => {
    const make = stands[place];
    if (make === undefined) throw new Error(place);
    const on = await make();
    const watching = guard();
    const texts: Record<string, string> = {};
    const holder = await client(cluster.target(), 'holder');
    const waiter = await client(cluster.target(), 'waiter');
    const watch = begin(on, ['--interval', '0.5', 'watch', '--listen', '127.0.0.1:0'], watching);
    try {
      const [, address = ''] = await until(() => /listening on (\S+)/.exec(watch.said()), {
        what: 'the watch',
        timeout: 20_000,
      });
      await holder.sql('BEGIN; LOCK orders');
      const waits = waiter.sql('SELECT count(*) FROM orders').catch(() => {});
      await until(() => /raised alert lock_wait/.test(watch.said()), { what: 'the alert', timeout: 20_000 });
      const read = () =>
        fetch(`http://${address}/health`, { headers: { authorization: `Bearer ${on.token}` } });
      await until(
        async () => {
          const answer = await read();
          const { notifications } = (await answer.json()) as { notifications: ChannelState[] };
          return (
            answer.status === 503 && notifications.every(({ failure, sent }) => failure !== null || sent > 0)
          );
        },
        { what: 'every channel tried, and the verdict that it is unhealthy', timeout: 20_000 },
      );
      texts.pages = await pages(address, on.token);
      expect(watching.seen(join(on.notes, 'spy'))).toBe(true);
      await holder.sql('ROLLBACK');
      await waits;
      watch.child.kill('SIGTERM');
      expect(await watch.ended).toBe(0);
      texts['what watch says'] = watch.said();

      const test = begin(on, ['watch', '--test'], watching);
      expect(await test.ended).toBe(1);
      texts['what --test says'] = test.said();

      await holder.sql('BEGIN; LOCK orders');
      const backup = begin(on, ['backup', '--dir', join(on.home, 'backups'), '--yes'], watching);
      await until(() => watching.seen('pg_dump -'), { what: 'pg_dump', timeout: 20_000 });
      await holder.sql('ROLLBACK');
      expect(await backup.ended).toBe(0);
      texts['what backup says'] = backup.said();
      expect(backup.said()).toContain('Not told outside');
    } finally {
      watch.child.kill('SIGKILL');
      texts.processes = watching.end().join('\n');
      await Promise.all([holder.close(), waiter.close()]);
    }
    for (const args of [
      ['profile', 'list'],
      ['profile', 'list', '--json'],
      ['profile', 'show', 'shop'],
      ['profile', 'show', 'shop', '--json'],
      ['profile', 'test', 'shop'],
      ['watch', '--print-unit', '--listen', '9187'],
      ['health', '--json'],
      ['runs'],
      ['runs', '--json'],
    ]) {
      const { stdout, stderr } = await pgdeck(['--profile', 'shop', ...args], on.env);
      texts[args.join(' ')] = stdout + stderr;
    }
    for (const { path, text } of filesBelow(on.home)) if (!path.endsWith('settings.json')) texts[path] = text;
    for (const { path, text } of filesBelow(on.notes)) texts[path] = text;
    expect(Object.keys(texts).some((path) => path.includes('/watch/'))).toBe(true);
    // each receiver knows its own, and no other's
    const heard = deaf.heard.splice(0);
    expect(heard.length).toBeGreaterThan(4);
    for (const one of heard)
      expect(new Set(planted.in(one).map((name) => name.replace(/ \w+$/, ''))).size).toBeLessThan(2);
    const found = Object.entries(texts).flatMap(([where, text]) => {
      const names = planted.in(text);
      return names.length > 0 ? [`${names.join(', ')}: ${where}`] : [];
    });
    expect(found).toEqual([]);
  }, 120_000);
});
