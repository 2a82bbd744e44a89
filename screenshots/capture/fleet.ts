import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ENTER, fresh, type OpenBeside, shows, type TakePicture, WINDOW } from './screen.ts';
import { ask, type Server, serverOf } from './server.ts';
import type { Terminal } from './terminal.ts';

/** As wide as what is wrong with each takes. */
const WIDE = { cols: 176, rows: 12 };

/** Several servers at a glance, each with a trouble of its own, and a production profile that is written to for a while. */
export async function fleet(
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  home: string,
): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/));
  const server = serverOf(terminal.text);
  const settings = join(home, 'fleet.json');
  writeFileSync(settings, JSON.stringify({ profiles: await profiles(server) }));
  const passwords = askPassword(server, 'reports');
  const pgdeck = await beside(['--config', settings, '--profile', 'shop'], WINDOW.rows);
  try {
    await pgdeck.until('the console', shows(/conns \d+/), 60);
    await pgdeck.resize(WIDE);
    await glance(pgdeck, picture, server);
    await arm(pgdeck, picture);
  } finally {
    passwords.end();
    await pgdeck.close();
  }
}

async function glance(pgdeck: Terminal, picture: TakePicture, server: Server): Promise<void> {
  pgdeck.type(':fleet');
  await pgdeck.until('its entry', shows(/▶ Fleet/));
  pgdeck.type(ENTER);
  await pgdeck.until('that each has answered or not', shows(/shop +up /, /stock +up /, /crm +\S*away/), 30);
  const [pid = ''] = ask(
    server,
    "SELECT pid FROM pg_stat_activity WHERE datname = 'postgres' AND application_name = 'pgdeck-fleet'",
  );
  process.kill(Number(pid), 'SIGSTOP');
  try {
    await picture(
      'fleet',
      'one that hangs, one that is away, one that wants a password',
      shows(/shop +up /, /stock +\S*no answer/, /crm +\S*away/, /reports +\S*no password/),
      60,
      pgdeck,
    );
  } finally {
    process.kill(Number(pid), 'SIGCONT');
  }
}

async function arm(pgdeck: Terminal, picture: TakePicture): Promise<void> {
  await pgdeck.resize({ ...WINDOW, rows: 24 });
  pgdeck.type('2');
  await pgdeck.until('the sessions', shows(/APPLICAT/, / RO /));
  pgdeck.type('W');
  await pgdeck.until('the question', shows(/shop is read-only\. Type its name/));
  pgdeck.type('shop');
  await pgdeck.until('the name', shows(/Name: shop/));
  pgdeck.type(ENTER);
  await picture(
    'armed',
    'how long it may be written to',
    fresh(/ARMED [89]m\d\ds/, /active: Lock/),
    110,
    pgdeck,
  );
  pgdeck.type('W');
  await pgdeck.until('the end of it', shows(/ RO /));
}

/** One that is well, one whose backend will hang, one that nobody runs, one that wants a password. */
async function profiles(server: Server): Promise<object> {
  const there = { ...server, sslmode: 'disable' };
  return {
    shop: { ...there, environment: 'production' },
    stock: { ...there, database: 'postgres' },
    crm: { ...there, port: await deadPort(), database: 'crm' },
    reports: { ...there, user: 'reports', database: 'postgres' },
  };
}

/** A port that nobody listens on any more. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The server asks this role for a password until that is ended. */
function askPassword(server: Server, role: string): { end(): void } {
  const [file = ''] = ask(server, 'SHOW hba_file');
  const before = readFileSync(file, 'utf8');
  const write = (text: string) => {
    writeFileSync(file, text);
    ask(server, 'SELECT pg_reload_conf()');
  };
  write(`host all ${role} 127.0.0.1/32 scram-sha-256\n${before}`);
  return { end: () => write(before) };
}
