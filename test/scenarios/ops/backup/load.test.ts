import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextFor, inRestored, onlyBackup, planBackup } from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { rowCounts } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await session.sql(`
    CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, filler text);
    CREATE TABLE history (id bigint GENERATED ALWAYS AS IDENTITY, account int, at timestamptz DEFAULT now());
    CREATE TABLE queue (id bigserial PRIMARY KEY, body text);
    CREATE TABLE parted (id bigint, day int) PARTITION BY RANGE (day);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
    INSERT INTO accounts SELECT n, 0, repeat(md5(n::text), 20) FROM generate_series(1, 30000) n;
    INSERT INTO queue (body) SELECT 'x' FROM generate_series(1, 500) n`);
});
afterAll(() => db.drop());

/** Clients that write all the time: more rows, fewer rows, rows that move to another partition. */
async function writers(): Promise<{ written: () => number; stop: () => Promise<void> }> {
  let writing = true;
  let written = 0;
  const sessions = await Promise.all(['w1', 'w2', 'w3'].map((name) => client(db.target(), name)));
  const over = Promise.all(
    sessions.map(async (session, at) => {
      for (let n = 0; writing; n++) {
        await session.sql(`BEGIN;
          UPDATE accounts SET balance = balance + 1 WHERE id = ${1 + ((n * 7919 + at) % 30000)};
          INSERT INTO history (account) VALUES (${n});
          INSERT INTO parted VALUES (${n}, ${n % 10});
          UPDATE parted SET day = day + 10 WHERE id = ${n} AND day < 10 AND ${n % 2} = 0;
          DELETE FROM queue WHERE id = (SELECT min(id) FROM queue);
          COMMIT`);
        written++;
      }
    }),
  );
  return {
    written: () => written,
    stop: async () => {
      writing = false;
      await over;
    },
  };
}

test.each([
  ['custom', {}],
  ['directory', { jobs: 2 }],
])('rows counted under a write load are those that a restore brings back: %s', async (format, more) => {
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { format, dir: `${home}/${format}`, ...more });
  const load = await writers();
  let counted: Map<string, number | null>;
  try {
    await until(() => load.written() > 50, { what: 'a write load' });
    const before = load.written();
    const { end, events } = await carryOut(plan, context);
    expect(end.text).toBe(`Back up ${db.database}: done.`);
    expect(load.written() - before).toBeGreaterThan(20);
    const bars = events.filter((event) => event.type === 'progress');
    const data = bars.filter(({ label }) => label === 'data');
    expect(data.length).toBeGreaterThan(0);
    expect(data.every(({ done, of, estimate }) => estimate && done <= 0.99 * (of ?? 0))).toBe(true);
    expect(bars.findLast(({ label }) => label === 'tables counted')).toMatchObject({ done: 5, of: 5 });
    const { manifest } = await onlyBackup(`${home}/${format}`);
    const tables = (manifest as { tables: { schema: string; name: string; rows: number | null }[] }).tables;
    counted = new Map(tables.map((one) => [`${one.schema}.${one.name}`, one.rows]));
  } finally {
    await load.stop();
  }
  const session = await client(db.target());
  // the database went on
  expect(await rowCounts(session)).not.toEqual(counted);
  await inRestored(await onlyBackup(`${home}/${format}`), async (restored) => {
    expect(await rowCounts(restored)).toEqual(counted);
  });
});
