import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheHit } from '../../../src/health/checks/cache-hit.ts';
import { publish } from '../../db/queries/session.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
let copies = 0;
beforeAll(async () => {
  db = await testDatabase();
  await publish(db, "CREATE TABLE wide AS SELECT repeat('w', 500) AS w FROM generate_series(1, 5000)");
});
afterAll(async () => {
  const admin = await client(serverTarget());
  for (let i = 1; i <= copies; i++) await admin.sql(`DROP DATABASE ${db.database}_${i} WITH (FORCE)`);
  await admin.close();
  await db.drop();
});

const checks = [cacheHit];
const thresholds = { cache_hit_percent: { normal: 100, alert: 99.999, critical: 10 } };

/** What reads the table in a copy of the database, whose files nobody has read: more blocks than our own polls. */
async function reader(): Promise<() => Promise<void>> {
  const copy = `${db.database}_${++copies}`;
  const admin = await client(serverTarget());
  const strategy = admin.server.major >= 15 ? 'STRATEGY file_copy' : '';
  await admin.sql(`CREATE DATABASE ${copy} TEMPLATE ${db.database} ${strategy}`);
  await admin.close();
  const inCopy = { ...db, target: () => ({ ...db.target(), database: copy }) };
  // before 15 a database has statistics from its first session on
  await publish(inCopy, 'SELECT 1');
  const times = Array.from({ length: 30 }, () => 'SELECT count(*) FROM wide');
  return () => publish(inCopy, ...times);
}

test('a minute is judged and no less, and a server at rest is well', async () => {
  const short = await lookAt(serverTarget(), { checks, seconds: 20, meanwhile: await reader() });
  expect(short.unknown).toMatchObject([
    { reason: 'It takes 1m of samples; so far there are 20s.', remedy: 'pgdeck health --sample 60' },
  ]);
  expect(short.score).toBeNull();
  const meanwhile = () => publish(db, 'SELECT pg_stat_reset()');
  expect((await lookAt(serverTarget(), { checks, seconds: 20, meanwhile })).unknown).toMatchObject([
    {
      reason: 'It takes 1m of samples; so far there is one, for the counters were reset meanwhile.',
    },
  ]);
  const full = await lookAt(serverTarget(), { checks, seconds: 60 });
  expect(full).toMatchObject({ findings: [], unknown: [], score: 100, coverage: 8 });
});

test('few blocks in shared buffers are a finding where reads may be slow, and none where they came from memory', async () => {
  const known = await lookAt(serverTarget(), { checks, thresholds, seconds: 60, meanwhile: await reader() });
  expect(known).toMatchObject({ findings: [], unknown: [], score: 100 });

  const untimed = await db.roleWith('superuser');
  await publish(db, `ALTER ROLE ${untimed} SET track_io_timing = off`);
  const target = { ...serverTarget(), user: untimed };
  const { findings } = await lookAt(target, { checks, thresholds, seconds: 60, meanwhile: await reader() });
  expect(findings).toMatchObject([{ id: 'cache_hit', severity: 'alert', unit: '%', threshold: 99.999 }]);
  expect(findings[0]?.title).toMatch(/^Only 9\d\.\d% of the blocks asked for were in shared buffers\.$/);
  expect(findings[0]?.evidence).toContain(
    `track_io_timing is off: whether the reads were slow is not known; ${db.database}_${copies} reads most.`,
  );
  expect(await lookAt(target, { checks, thresholds, seconds: 60 })).toMatchObject({
    findings: [],
    score: 100,
  });
});
