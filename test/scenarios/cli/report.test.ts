import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { type Demo, startDemo } from '../../../src/demo/demo.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
let demo: Demo;
let session: Session;
let browser: Browser;

/** Markup in the name of a table and in a statement. */
const HOSTILE = '<img src=x onerror=alert(1)>|`[a](javascript:b)';

beforeAll(async () => {
  demo = await startDemo({ scale: 0.05, bin: inject('postgres').bin });
  session = await connect(demo.target, 'workload', 'test');
  await session.sql(
    `CREATE TABLE "${HOSTILE}" AS SELECT g AS id, repeat('x', 500) AS v FROM generate_series(1, 60000) g`,
  );
  await session.sql(`SELECT count(*) AS "${HOSTILE}", pg_sleep(1) FROM orders`);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await session?.close();
  await demo?.stop();
});

const run = (...args: string[]) => {
  const { host, port, user, database } = demo.target;
  return pgdeckHere(
    ['-h', host, '-p', String(port), '-U', user, '-d', database, 'report', '--sample', '1', ...args],
    env,
  );
};

const PARTS = [
  ...['statements_total', 'statements_mean', 'statements_io', 'tables', 'indexes', 'activity', 'locks'],
  ...['replication', 'slots', 'settings', 'backups', 'schedule'],
];
interface Section {
  readonly id: string;
  readonly age_seconds: number | null;
  readonly unread: string | null;
  readonly rows: Record<string, unknown>[];
}
type Json = { readonly health: { readonly score: number }; readonly sections: readonly Section[] };
const json = async (): Promise<Json> => JSON.parse((await run('--format', 'json')).stdout);
const rowsOf = ({ sections }: Json, id: string) => sections.find((one) => one.id === id)?.rows ?? [];

test('one page as text and as Markdown, in which nothing of the server is markup', async () => {
  const text = await run();
  expect(text.code, text.stderr).toBe(0);
  expect(text.stdout).toMatch(/^Report on .*PostgreSQL .*\n\nHealth: \w+: score \d+ of 100/);
  for (const title of ['Statements with the most time', 'Tables', 'Locks now', 'Replication', 'Schedule'])
    expect(text.stdout).toMatch(new RegExp(`^${title}\\n  \\((read|looked for)`, 'm'));
  const { stdout } = await run('--format', 'markdown');
  expect(stdout).toMatch(/^# Report on /);
  const tables = stdout.slice(stdout.indexOf('## Tables'), stdout.indexOf('## Indexes'));
  expect(tables).toContain('&lt;img src=x onerror=alert\\(1\\)\\&gt;'.replace('\\&gt;', '\\>'));
  expect(stdout).not.toMatch(/<img|(?<!\\)\]\(/);
});

test('as JSON, each part with the age of its evidence, and the numbers are those of the server', async () => {
  const report = await json();
  expect(report.sections.map(({ id }) => id)).toEqual(PARTS);
  for (const { id, age_seconds, unread } of report.sections) {
    expect(unread, id).toBeNull();
    expect(age_seconds, id).toBeLessThan(30);
  }
  // what does not change from one second to the next is the same; what grows lies between two questions
  const tables = rowsOf(report, 'tables');
  const named = (name: string) => tables.find((row) => row.relname === name);
  const ask = async (text: string) => Number(Object.values((await session.sql(text))[0] ?? {})[0]);
  const size = await ask(`SELECT pg_total_relation_size('"${HOSTILE}"')`);
  expect(named(HOSTILE)?.total_bytes).toBe(size);
  expect(named(HOSTILE)?.relname).toBe(HOSTILE);
  const settings = rowsOf(report, 'settings');
  for (const name of ['shared_buffers', 'max_connections', 'max_wal_size', 'track_io_timing', 'jit'])
    expect(settings.find((one) => one.name === name)?.value, name).toBe(
      String((await session.sql('SELECT setting AS v FROM pg_settings WHERE name = $1', [name]))[0]?.v),
    );
  const [counted] = await session.sql(
    `SELECT queryid::text AS id, calls::int AS calls FROM pg_stat_statements WHERE query LIKE '%img src=x%' AND query LIKE '%pg_sleep%'`,
  );
  const mine = rowsOf(report, 'statements_mean').find((row) => row.queryid === counted?.id);
  expect(mine).toMatchObject({ calls: counted?.calls });
  const [waiting] = await session.sql('SELECT count(*)::int AS n FROM pg_stat_replication');
  expect(rowsOf(report, 'replication')).toHaveLength(Number(waiting?.n));
  expect(rowsOf(report, 'slots')).toHaveLength(await ask('SELECT count(*) FROM pg_replication_slots'));
});

test('a secret among the settings is in no format', async () => {
  await session.sql("ALTER SYSTEM SET primary_conninfo = 'host=x password=Hidden-77-secret'");
  await session.sql('SELECT pg_reload_conf()');
  // also where a statement says it
  await session.sql("DO $$BEGIN EXECUTE 'SELECT pg_sleep(1.5) /* postgres://a:Hidden-77@b */'; END$$");
  for (const format of ['text', 'markdown', 'html', 'json']) {
    const { stdout } = await run('--format', format);
    expect(stdout).toContain('primary');
    expect(stdout).not.toContain('Hidden-77');
  }
  await session.sql('ALTER SYSTEM RESET primary_conninfo');
});

test('as one HTML file that asks for nothing, and fits a phone and a desk', async () => {
  const file = join(home, 'report.html');
  const { code, stdout, stderr } = await run('--format', 'html', '--out', file);
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const html = readFileSync(file, 'utf8');
  expect(html).not.toMatch(/<script|<img|https?:\/\/|onerror=["']/i);
  for (const width of [400, 1200]) {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('dialog', (dialog) => {
      said.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('console', (message) => said.push(message.text()));
    await page.goto(pathToFileURL(file).href);
    expect(asked).toEqual([pathToFileURL(file).href]);
    expect(said).toEqual([]);
    // nothing but tables scrolls sideways, and those by themselves
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await page.locator('h2').count()).toBe(PARTS.length + 1);
    const charts = await page.locator('svg').count();
    expect(charts).toBeGreaterThan(0);
    expect(charts).toBeLessThanOrEqual(3);
    expect(await page.locator('#tables ~ div td').first().innerText()).toContain(
      '<img src=x onerror=alert(1)>',
    );
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize({ width: 794, height: 1123 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(794);
    await page.close();
  }
});

test('a file that is there is kept, unless it is given up', async () => {
  const file = join(home, 'kept.txt');
  expect((await run('--out', file)).code).toBe(0);
  const before = readFileSync(file, 'utf8');
  const refused = await run('--out', file);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('is there already');
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect((await run('--out', file, '--force')).code).toBe(0);
  await until(() => readFileSync(file, 'utf8') !== before, { what: 'another report' });
  expect((await run('--out', join(home, 'nowhere', 'x.txt'))).code).toBe(1);
});
