import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { contextFor, countOf, outcomes, runCleanup } from '../../../ops/cleanup/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let app: Session;
const home = temporaryDirectory();
const archive = join(home, 'archive');
const ROWS = 12_000;

beforeAll(async () => {
  db = await testDatabase();
  app = await client(db.target(), 'app');
});
afterAll(() => db.drop());

/** Does something to one row after the other until it is stopped; answers the ids of those that were there. */
async function meanwhile(sql: string, signal: AbortSignal): Promise<Set<number>> {
  const session = await client(db.target(), 'meanwhile');
  const touched = new Set<number>();
  while (!signal.aborted) {
    const id = 1 + Math.floor(Math.random() * ROWS);
    if ((await session.sql(sql, [id])).length > 0) touched.add(id);
  }
  return touched;
}

/** First values of all rows of the archives. */
function archived(): number[] {
  return readdirSync(archive).flatMap((name) =>
    readdirSync(join(archive, name))
      .filter((file) => file.endsWith('.gz'))
      .flatMap((file) =>
        gunzipSync(readFileSync(join(archive, name, file)))
          .toString()
          .trim()
          .split('\n'),
      )
      .map((line) => Number(/^"(\d+)"/.exec(line)?.[1])),
  );
}

test('rows that change their place, their partition and their age meanwhile: none is lost, none that is young goes', async () => {
  await app.sql('CREATE TABLE mv (id int, at timestamptz NOT NULL, t text) PARTITION BY RANGE (at)');
  await app.sql("CREATE TABLE mv_old PARTITION OF mv FOR VALUES FROM ('2000-01-01') TO ('2010-01-01')");
  await app.sql("CREATE TABLE mv_mid PARTITION OF mv FOR VALUES FROM ('2010-01-01') TO ('2015-01-01')");
  await app.sql("CREATE TABLE mv_new PARTITION OF mv FOR VALUES FROM ('2015-01-01') TO ('2100-01-01')");
  await app.sql(
    `INSERT INTO mv SELECT i, CASE WHEN i % 2 = 0 THEN '2001-01-01'::timestamptz ELSE '2011-01-01' END, 't' FROM generate_series(1, ${ROWS}) i`,
  );
  await app.sql('CREATE INDEX ON mv (id)');
  await app.sql(
    'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$',
  );
  for (const leaf of ['mv_old', 'mv_mid'])
    await app.sql(`CREATE TRIGGER slow BEFORE DELETE ON ${leaf} FOR EACH STATEMENT EXECUTE FUNCTION slow()`);
  const stop = new AbortController();
  const hot = meanwhile("UPDATE mv SET t = t || 'x' WHERE id = $1 RETURNING id", stop.signal);
  const moved = meanwhile(
    "UPDATE mv SET at = '2014-01-01' WHERE id = $1 AND at < '2010-01-01' RETURNING id",
    stop.signal,
  );
  const young = meanwhile('UPDATE mv SET at = now() WHERE id = $1 RETURNING id', stop.signal);
  const input = { table: 'mv', column: 'at', older_than: '3y', archive, skip_referenced: true };
  const { end, events } = await runCleanup(contextFor(db.target(), home), input);
  stop.abort();
  const [, , saved] = [await hot, await moved, await young];
  expect(end, end.text).toMatchObject({ ok: true });
  const gone = archived();
  const [outcome] = outcomes(events) as { rows?: number }[];
  expect(gone).toHaveLength(Number(outcome?.rows));
  expect(new Set(gone).size).toBe(gone.length);
  expect(await countOf(app, 'mv')).toBe(ROWS - gone.length);
  expect(saved.size).toBeGreaterThan(0);
  for (const id of gone) expect(saved.has(id)).toBe(false);
  expect(await countOf(app, "mv WHERE at < '2015-01-01'")).toBe(0);
}, 60_000);
