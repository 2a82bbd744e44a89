import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import type { AnyPoll } from '../../../src/db/poll.ts';
import { activityPoll, summaryPoll } from '../../../src/db/queries/activity.ts';
import { indexCountsPoll } from '../../../src/db/queries/indexes.ts';
import { tableSizesPoll } from '../../../src/db/queries/relations.ts';
import { Watching } from '../../monitor/watching.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
let admin: Session;
beforeAll(async () => {
  db = await testDatabase();
  admin = await client({ ...db.target(), database: 'postgres' });
});
afterAll(() => db.drop());

test('a role that may have one connection is watched over it, and its limit is named', async () => {
  const role = await db.roleWith();
  await admin.sql(`ALTER ROLE ${role} CONNECTION LIMIT 1`);
  const w = new Watching(db.target(role));
  try {
    await w.start(summaryPoll, activityPoll, tableSizesPoll, indexCountsPoll);
    await until(() => w.sampler.part(indexCountsPoll).status === 'ok', { what: 'the slow questions' });
    for (const poll of [summaryPoll, activityPoll, tableSizesPoll] satisfies AnyPoll[])
      expect(w.sampler.part<unknown>(poll)).toMatchObject({ status: 'ok' });
    const next = expect.stringContaining(`ALTER ROLE "${role}" CONNECTION LIMIT`);
    expect(w.sampler.link).toMatchObject({ state: 'connected', limited: { kind: 'slots', next } });
    expect(w.sampler.control?.pid).toBe(w.sessions.get('fast')?.pid);
    expect(await w.sampler.control?.sql('SHOW statement_timeout')).toEqual([{ statement_timeout: '20s' }]);
    // nothing is left for another one, and that is no matter of max_connections
    await expect(connect(db.target(role), 'slow')).rejects.toMatchObject({ kind: 'slots', next });
  } finally {
    await w.sampler.stop();
  }
});

test('a database that lets one in is named as such', async () => {
  const role = await db.roleWith();
  await admin.sql(`ALTER DATABASE ${db.database} CONNECTION LIMIT 1`);
  const first = await connect(db.target(role), 'slow');
  await expect(connect(db.target(role), 'slow')).rejects.toMatchObject({
    kind: 'slots',
    next: expect.stringContaining(`ALTER DATABASE "${db.database}" CONNECTION LIMIT`),
  });
  await first.close();
});
