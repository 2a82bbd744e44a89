import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, connect, type Session } from '../../../../src/db/client.ts';
import { denial } from '../../../../src/db/errors.ts';
import { type Query, sqlFor } from '../../../../src/db/query.ts';
import { everyQuery, SAMPLES, sampleOf } from '../../../db/queries/samples.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
let queries: Query<never, unknown>[];

beforeAll(async () => {
  [db, queries] = await Promise.all([testDatabase(), everyQuery()]);
});
afterAll(() => db.drop());

async function ask(
  grants: string[],
): Promise<{ session: Session; answers: Map<Query<never, unknown>, Answer> }> {
  const role = grants[0] === 'postgres' ? 'postgres' : await db.roleWith(...grants);
  const session = await connect(db.target(role), 'fast', 'pgdeck-monitor');
  const available = queries.filter((query) => query.unavailable?.(session.server) === undefined);
  const sample = await sampleOf(session.server);
  const calls = available.map((query) => ({ query, input: sample(query) }));
  // more than five times: from then on PostgreSQL may take a plan that does not know the parameters
  for (let i = 0; i < 6; i++) await session.batch(calls);
  const answers = await session.batch(calls);
  await session.close();
  return { session, answers: new Map(available.map((query, i) => [query, answers[i] as Answer])) };
}

function failures(answers: Map<Query<never, unknown>, Answer>) {
  return [...answers].flatMap(([query, answer]) => (answer.ok ? [] : [[query, answer.error] as const]));
}

test('every query that takes an input has a sample of it, and every one an id of its own', async () => {
  const ids = queries.map((query) => query.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Object.keys(SAMPLES).filter((id) => !ids.includes(id))).toEqual([]);
  const session = await connect(db.target(), 'fast', 'pgdeck-monitor');
  const sample = await sampleOf(session.server);
  await session.close();
  const without = queries.filter((query) => query.params.length > 0 && sample(query) === undefined);
  expect(without.map((query) => query.id)).toEqual([]);
});

describe('every query', () => {
  test('answers a superuser in the shape that it declares', async () => {
    const { session, answers } = await ask(['postgres']);
    expect(failures(answers).map(([query, error]) => `${query.id}: ${error.message}`)).toEqual([]);
    for (const query of answers.keys()) expect(sqlFor(query, session.server)).toContain('/* pgdeck */');
    expect(answers.size).toBeGreaterThan(40);
  });

  test('answers a member of pg_monitor', async () => {
    const { session, answers } = await ask(['pg_monitor']);
    expect(failures(answers).map(([query, error]) => `${query.id}: ${error.message}`)).toEqual([]);
    for (const query of answers.keys()) expect(query.partial?.(session.server)).toBeUndefined();
  });

  test('answers a role without rights, or names the GRANT that it lacks', async () => {
    const { session, answers } = await ask([]);
    const denied = failures(answers).map(([query, error]) => {
      expect(error.kind).toBe('denied');
      return [query.id, denial(error, query.needs, session.server).remedy];
    });
    const remedy = `GRANT pg_monitor TO "${session.server.user}"`;
    expect(denied).toEqual([
      ['log.files', remedy],
      ['space.archive', remedy],
      ['space.temporary', remedy],
      ['space.log', remedy],
      ['wal.directory', remedy],
    ]);
    const partial = [...answers.keys()].filter((query) => query.partial?.(session.server) !== undefined);
    for (const query of partial)
      expect(query.partial?.(session.server)?.remedy).toBe(
        `GRANT ${query.id.startsWith('settings.') ? 'pg_read_all_settings' : 'pg_read_all_stats'} TO "${session.server.user}"`,
      );
    expect(partial.map((query) => query.id)).toEqual(
      expect.arrayContaining(['activity.list', 'settings.list']),
    );
  });
});
