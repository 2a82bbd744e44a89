import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { contextFor, countOf, outcomes, restoreRun, runCleanup } from '../../../ops/cleanup/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const ROWS = 1_500_000;
/** What a writer may have to wait, in ms. */
const STALL = 150;

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
  await app.sql('CREATE TABLE ev (id int PRIMARY KEY, at timestamptz, n int DEFAULT 0, t text)');
  await app.sql(
    `INSERT INTO ev SELECT i, now() - i * interval '1 minute', 0, repeat(md5(i::text), 4) FROM generate_series(1, ${ROWS}) i`,
  );
  await app.sql('CREATE INDEX ON ev (at)');
  await app.sql('VACUUM ANALYZE ev');
}, 120_000);
afterAll(() => db.drop());

test('a million rows go beside a writer, who never waits for long; deleted, archived and counted are the same', async () => {
  const writer = await client(db.target(), 'writer');
  const stop = new AbortController();
  const waits: number[] = [];
  const writing = (async () => {
    while (!stop.signal.aborted) {
      const id = 1 + Math.floor(Math.random() * ROWS);
      const began = performance.now();
      await writer.sql('UPDATE ev SET n = n + 1 WHERE id = $1', [id]);
      waits.push(performance.now() - began);
    }
  })();
  const context = contextFor(db.target(), home);
  const [counted] = await app.sql(
    "SELECT count(*)::int AS rows FROM ev WHERE at < now() - interval '347 days'",
  );
  const { end, events } = await runCleanup(context, {
    ...{ table: 'ev', column: 'at', older_than: '347d', archive: join(home, 'archive') },
  });
  stop.abort();
  await writing;
  expect(end, end.text).toMatchObject({ ok: true });
  const [outcome] = outcomes(events) as { rows?: number; kind?: string }[];
  const deleted = Number(outcome?.rows);
  expect(outcome).toMatchObject({ kind: 'done', left: 0 });
  expect(deleted).toBeGreaterThanOrEqual(1_000_000);
  expect(deleted - Number(counted?.rows)).toBeLessThan(5);
  expect(await countOf(app, 'ev')).toBe(ROWS - deleted);
  const sorted = waits.toSorted((a, b) => a - b);
  const longest = sorted.at(-1) ?? 0;
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  console.info(
    `${waits.length} updates beside it, p99 ${p99.toFixed(1)} ms, longest ${longest.toFixed(1)} ms, ${end.ms} ms in all`,
  );
  expect(waits.length).toBeGreaterThan(100);
  expect(longest).toBeLessThanOrEqual(STALL);
  const back = await restoreRun(context, end.run);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await countOf(app, 'ev')).toBe(ROWS);
}, 240_000);
