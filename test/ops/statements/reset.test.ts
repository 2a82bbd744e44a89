import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { concerns, contextAt, done, planned } from '../role/stage.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;

beforeAll(async () => {
  cluster = await throwawayCluster({
    shared_preload_libraries: 'pg_stat_statements',
  });
  session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE EXTENSION pg_stat_statements');
  await session.sql('CREATE DATABASE elsewhere');
  await session.sql('CREATE ROLE plain LOGIN');
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

const here = (user = 'postgres') => contextAt(cluster.target({ user }), home);
async function ran(text: string, database = cluster.target().database): Promise<void> {
  const app = await connect({ ...cluster.target(), database }, 'workload', 'app');
  await app.sql(text);
  await app.sql(text);
  await app.close();
}
const callsOf = async (marker: string): Promise<{ id: string; calls: number }[]> =>
  (await session.sql(
    `SELECT queryid::text AS id, calls::int AS calls FROM pg_stat_statements WHERE query LIKE '%' || $1 || '%' AND query NOT LIKE '%pg_stat_statements%'`,
    [marker],
  )) as { id: string; calls: number }[];

test('one statement is forgotten, and what it had counted is in the journal', async () => {
  await ran('SELECT 1 AS one_n');
  await ran('SELECT 1 + 1 AS other_n');
  const [one] = await callsOf('one_n');
  const { plan, end, events } = await done('statements reset', { statement: one?.id }, here());
  expect(end, end.text).toMatchObject({ ok: true, undo: null });
  expect(plan).toMatchObject({ danger: 'confirm', subject: one?.id });
  expect(plan.steps[0]?.preview).toBe(`SELECT "public".pg_stat_statements_reset(0, 0, ${one?.id})`);
  expect(concerns(plan).join()).toMatch(/Undo: There is none/);
  expect(await callsOf('one_n')).toEqual([]);
  expect(await callsOf('other_n')).toMatchObject([{ calls: 2 }]);
  expect(JSON.stringify(events)).toContain(one?.id);
});

test('those of a database are forgotten, others are not; its name is typed', async () => {
  await ran('SELECT 1 AS there_n', 'elsewhere');
  await ran('SELECT 1 AS here_n');
  const { plan, end } = await done('statements reset', { database: 'elsewhere' }, here());
  expect(plan).toMatchObject({ danger: 'type-name', subject: 'elsewhere' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await callsOf('there_n')).toEqual([]);
  expect(await callsOf('here_n')).toMatchObject([{ calls: 2 }]);
});

test('all of them', async () => {
  await ran('SELECT 1 AS all_n');
  const { plan, end } = await done('statements reset', { all: true }, here());
  expect(plan).toMatchObject({ danger: 'type-name', subject: 'all' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await callsOf('all_n')).toEqual([]);
});

test('nothing is done for what has no counters, or without the right to', async () => {
  expect((await planned('statements reset', { statement: '42' }, here())).steps).toEqual([]);
  expect(concerns(await planned('statements reset', { all: true }, here('plain'))).join('\n')).toMatch(
    /block Rights: .*GRANT EXECUTE ON FUNCTION public\.pg_stat_statements_reset\(.*TO "plain"/,
  );
});

test.each([
  [{}, /not said which counters/],
  [{ all: true, statement: '1' }, /every counter/],
  [{ database: 'nowhere' }, /no database nowhere/],
  [{ statement: '9999999999999999999' }, /no query id/],
])('%j is refused', async (input, why) => {
  await expect(planned('statements reset', input, here())).rejects.toThrow(why);
});
