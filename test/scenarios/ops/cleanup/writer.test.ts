import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { OpEvent } from '../../../../src/ops/engine/plan.ts';
import { countOf, linesOf, outcomes } from '../../../ops/cleanup/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const ROWS = 1_500_000;
/** What a writer may have to wait, in ms. */
const STALL = 150;
/** Of tens of thousands of updates: how many a machine that stands still for a moment may hold up more, and how long at most. */
const ODD = 3;
const LONGEST = 2_000;

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await app.sql('CREATE TABLE ev (id int PRIMARY KEY, at timestamptz, n int DEFAULT 0, t text)');
  await app.sql(
    `INSERT INTO ev SELECT i, now() - i * interval '1 minute', 0, repeat(md5(i::text), 4) FROM generate_series(1, ${ROWS}) i`,
  );
  await app.sql('CREATE INDEX ON ev (at)');
  await app.sql('VACUUM ANALYZE ev');
}, 300_000);
afterAll(() => db.drop());

/** Updates over a session of its own until it is stopped; answers when each began and how long it took, in ms. */
function updating(
  session: Session,
  sql: string,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<[at: number, ms: number][]> {
  const waits: [number, number][] = [];
  const go = async () => {
    while (!signal.aborted && waits.length < most) {
      const began = performance.now();
      await session.sql(sql, [1 + Math.floor(Math.random() * ROWS)]);
      waits.push([began, performance.now() - began]);
    }
    return waits;
  };
  return go();
}

/** How much longer a writer waited than another one of the same machine, on another table, did at that time. */
function owed([at, ms]: readonly [number, number], others: readonly (readonly [number, number])[]): number {
  const meanwhile = others.filter(([from, took]) => from < at + ms && from + took > at);
  return ms - Math.max(0, ...meanwhile.map(([, took]) => took));
}

test('a million rows go beside a writer, who never waits for long; deleted, archived and counted are the same', async () => {
  await app.sql('CREATE TABLE other (id int PRIMARY KEY, n int DEFAULT 0)');
  await app.sql(`INSERT INTO other SELECT generate_series(1, ${ROWS})`);
  const stop = new AbortController();
  const UPDATE = 'UPDATE ev SET n = n + 1 WHERE id = $1';
  // on a machine that has other things to do a writer stalls by itself: that is not the cleanup's
  const alone = async () => {
    const waits = await updating(await client(db.target(), 'alone'), UPDATE, stop.signal, 3000);
    return Math.max(...waits.map(([, ms]) => ms));
  };
  const quiet = await alone();
  const writing = updating(await client(db.target(), 'writer'), UPDATE, stop.signal);
  // what it waits for, too, is not the cleanup: a machine that has other things to do
  const besides = updating(
    await client(db.target(), 'besides'),
    'UPDATE other SET n = n + 1 WHERE id = $1',
    stop.signal,
  );
  const [counted] = await app.sql(
    "SELECT count(*)::int AS rows FROM ev WHERE at < now() - interval '347 days'",
  );
  const { host, port, user, database } = db.target();
  const server = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const began = performance.now();
  // in a process of its own, as it is used
  const { code, stdout, stderr } = await pgdeck(
    [
      ...['cleanup', ...server, '--table', 'ev', '--column', 'at', '--older-than', '347d'],
      ...['--archive', join(home, 'archive'), '--execute', '--confirm', 'public.ev', '--json'],
    ],
    cleanEnvironment(home),
  );
  const seconds = (performance.now() - began) / 1000;
  const again = await alone();
  stop.abort();
  const waits = await writing;
  const others = await besides;
  expect(code, stderr).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as OpEvent);
  const [outcome] = outcomes(events) as { rows?: number; kind?: string }[];
  const deleted = Number(outcome?.rows);
  expect(outcome).toMatchObject({ kind: 'done', left: 0 });
  expect(deleted).toBeGreaterThanOrEqual(1_000_000);
  expect(deleted - Number(counted?.rows)).toBeLessThan(5);
  expect(await countOf(app, 'ev')).toBe(ROWS - deleted);
  const sorted = waits.map(([, ms]) => ms).sort((a, b) => a - b);
  const stalls = waits.map((wait) => owed(wait, others)).sort((a, b) => a - b);
  const at = (all: readonly number[], share: number) => (all[Math.floor(all.length * share)] ?? 0).toFixed(1);
  const batches = linesOf(events).find((line) => line.includes('batches'));
  console.info(
    `${waits.length} updates beside ${deleted} rows in ${seconds.toFixed(1)} s: p99 ${at(sorted, 0.99)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms, of which not the machine's ${stalls.at(-1)?.toFixed(1)} ms (alone ${quiet.toFixed(1)} and ${again.toFixed(1)} ms); ${batches}`,
  );
  expect(waits.length).toBeGreaterThan(100);
  // a batch that is too large holds up many, since each of its kind does
  expect(stalls.at(-1 - ODD)).toBeLessThanOrEqual(Math.max(STALL, 3 * quiet, 3 * again));
  expect(stalls.at(-1)).toBeLessThanOrEqual(LONGEST);
  const end = events.at(-1) as Extract<OpEvent, { type: 'end' }>;
  const back = await pgdeck(
    ['cleanup', 'restore', end.run, ...server, '--confirm', 'public.ev'],
    cleanEnvironment(home),
  );
  expect(back.code, back.stderr).toBe(0);
  expect(await countOf(app, 'ev')).toBe(ROWS);
}, 900_000);
