import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeThresholds } from '../../src/config/thresholds.ts';
import { connect } from '../../src/db/client.ts';
import type { AnyPoll } from '../../src/db/poll.ts';
import { summaryPoll } from '../../src/db/queries/activity.ts';
import { databasePoll } from '../../src/db/queries/database.ts';
import { locksPoll } from '../../src/db/queries/locks.ts';
import { settingsPoll } from '../../src/db/queries/settings.ts';
import { statementsPoll } from '../../src/db/queries/statements.ts';
import { walPositionPoll } from '../../src/db/queries/wal.ts';
import type { Session } from '../../src/db/session.ts';
import { assess, type Judged } from '../../src/health/assess.ts';
import type { Check } from '../../src/health/check.ts';
import { Memory } from '../../src/health/memory.ts';
import type { Outside } from '../../src/health/outside.ts';
import { CHECKS, countsOf, pollsOf } from '../../src/health/registry.ts';
import type { Waiver } from '../../src/health/waivers.ts';
import { Figures } from '../../src/monitor/figures.ts';
import { Reading } from '../../src/monitor/reading.ts';
import { DEFAULT_WANTS } from '../../src/monitor/wants.ts';
import { app } from '../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { NOTHING_TOLD } from './stage.ts';

let db: TestDatabase;
let session: Session;
beforeAll(async () => {
  db = await testDatabase();
  session = await connect(db.target(), 'slow', 'pgdeck-monitor');
});
afterAll(async () => {
  await session.close();
  await db.drop();
});

/** Judges with a memory and without one, and counts what was judged with it. */
function judges() {
  let judged: string[] = [];
  const counted = CHECKS.map(
    (check): Check => ({
      ...check,
      judge: (facts) => {
        judged.push(check.id);
        return check.judge(facts);
      },
    }),
  );
  const memory = new Memory<Judged>();
  const reading = new Reading(session, DEFAULT_WANTS);
  const figures = new Figures(reading, countsOf(CHECKS));
  const thresholds = mergeThresholds();
  return {
    read: async (polls: Iterable<AnyPoll>) => {
      await reading.read(polls);
      figures.observe();
    },
    /** The checks that were judged anew; what they come to is what all of them come to. */
    anew: (outside: Partial<Outside> = {}, waivers?: readonly Waiver[]): readonly string[] => {
      judged = [];
      const facts = {
        ...{ figures, server: session.server, thresholds },
        outside: { ...NOTHING_TOLD, now: Date.now(), ...outside },
      };
      const remembered = assess(facts, { checks: counted, memory, waivers });
      expect(remembered).toEqual(assess(facts, { checks: CHECKS, waivers }));
      return judged;
    },
  };
}

/** What the first screen reads each second. */
const EACH_SECOND = [summaryPoll, databasePoll, locksPoll, walPositionPoll];

test('what is as it was is not judged again, and comes to the same', async () => {
  const { read, anew } = judges();
  await read(pollsOf(CHECKS));
  expect(anew().length).toBeGreaterThan(35);
  // only what looks at the time, and at what follows from several readings
  const still = anew();
  expect(still.length).toBeLessThan(12);
  expect(still).toContain('cache_hit');
  await read(EACH_SECOND);
  const second = anew();
  expect(second).toEqual(expect.arrayContaining(['lock_wait', 'connections', 'deadlocks']));
  expect(second.length).toBeLessThan(20);
});

test('what happens is found in the round that reads it', async () => {
  const { read, anew } = judges();
  await read(pollsOf(CHECKS));
  anew();
  const worker = await app(db);
  await worker.sql('CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE many (one int REFERENCES one)');
  await worker.sql('INSERT INTO one VALUES (1); INSERT INTO many SELECT 1 FROM generate_series(1, 20000)');
  await worker.sql('ANALYZE one, many');
  await worker.sql('BEGIN; LOCK TABLE one');
  const waiting = await app(db);
  const waits = waiting.sql('SELECT * FROM one').catch(() => {});
  for (let round = 0; round < 3; round++) {
    await read(EACH_SECOND);
    anew();
  }
  await read(pollsOf(CHECKS));
  expect(anew()).toContain('foreign_key_unindexed');
  await worker.sql('ROLLBACK');
  await waits;
  for (const polls of [[statementsPoll], [settingsPoll], EACH_SECOND, pollsOf(CHECKS)]) {
    await read(polls);
    anew();
  }
  await Promise.all([worker.close(), waiting.close()]);
});

test('what is not the server’s to tell is judged again when it is told anew, and what looks at the time always', async () => {
  const { read, anew } = judges();
  await read(pollsOf(CHECKS));
  const backups = { known: [] };
  anew({ backups });
  expect(anew({ backups })).toContain('backup_age');
  expect(anew({ backups })).not.toContain('disk');
  const volumes = {
    known: [{ name: 'data directory', totalBytes: 100, freeBytes: 1 }],
  };
  expect(anew({ volumes })).toContain('disk');
  expect(anew({ volumes })).not.toContain('disk');
});

test('a waiver holds to the end of its day, and no longer', async () => {
  const { read, anew } = judges();
  await read(pollsOf(CHECKS));
  const volumes = { known: [{ name: 'data directory', totalBytes: 100, freeBytes: 1 }] };
  const waivers = [{ id: 'disk', until: '2030-01-01', reason: 'known' }];
  anew({ volumes, now: Date.UTC(2030, 0, 1) }, waivers);
  expect(anew({ volumes, now: Date.UTC(2030, 0, 2) }, waivers)).toContain('disk');
});
