import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { carryOut } from '../ops/engine/run/stage.ts';
import {
  bloatedIndex,
  compared,
  complaints,
  contextFor,
  invalidIndexes,
  planReindex,
} from '../ops/reindex/stage.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

const { bin, major } = inject('postgres');
const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;
const here = (user = 'postgres') => contextFor(cluster.target({ user }), home);

beforeAll(async () => {
  cluster = await createCluster({ bin });
  session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE ROLE owner LOGIN');
  await session.sql('CREATE ROLE nobody LOGIN');
  await session.sql('CREATE ROLE keeper LOGIN');
  if (major >= 17) await session.sql('GRANT pg_maintain TO keeper');
  await bloatedIndex(session, 't', 5_000);
  await session.sql('ALTER TABLE t OWNER TO owner');
  await session.sql('CREATE TABLE p (id int PRIMARY KEY, t text) PARTITION BY RANGE (id)');
  await session.sql('CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10)');
  await session.sql('CREATE INDEX p_t ON p (t)');
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

test.each([
  [{ index: ['t_t'] }],
  [{ table: ['t'] }],
  [{ schema: ['public'] }],
  [{ database: true }],
  [{ index: ['p_t'] }],
  [{ table: ['t', 'p'], concurrently: false }],
])('%j', async (input) => {
  const context = here();
  const plan = await planReindex(context, input);
  expect(complaints(plan)).toEqual([]);
  const { end, events } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ status: 'done' });
  for (const row of Object.values(compared(events)))
    expect(row).toMatchObject({ valid: 'yes', outcome: 'done' });
  expect(await invalidIndexes(session)).toEqual([]);
});

test('TABLESPACE where the version has it', async () => {
  const context = here();
  const plan = await planReindex(context, { index: ['t_t'], tablespace: 'pg_default' });
  if (major < 14)
    expect(complaints(plan)).toEqual([
      expect.stringMatching(
        /^block Options: PostgreSQL 13.* has no REINDEX \(TABLESPACE\): that is from 14 on/,
      ),
    ]);
  else expect((await carryOut(plan, context)).end.status).toBe('done');
  const missing = await planReindex(context, { index: ['t_t'], tablespace: 'none' });
  expect(complaints(missing)).toContainEqual(
    expect.stringMatching(major < 14 ? /^block Options/ : /^block Tablespace: There is no tablespace none/),
  );
});

test('as owner, as pg_maintain, and as a role without rights', async () => {
  const owner = here('owner');
  const own = await planReindex(owner, { table: ['t'] });
  expect(complaints(own)).toEqual([]);
  expect((await carryOut(own, owner)).end.status).toBe('done');
  const keeper = here('keeper');
  const kept = await planReindex(keeper, { table: ['t'] });
  if (major < 17)
    expect(complaints(kept)).toContainEqual(expect.stringMatching(/^block Rights: keeper may not reindex t/));
  else {
    expect(complaints(kept)).toEqual([
      expect.stringMatching(/^warn Cancelling: keeper may rebuild t, and not drop/),
    ]);
    expect((await carryOut(kept, keeper)).end.status).toBe('done');
  }
  const refused = await planReindex(here('nobody'), { index: ['t_t'] });
  expect(complaints(refused)).toContainEqual(
    expect.stringMatching(/^block Rights: nobody may not reindex t/),
  );
  const nothing = await planReindex(here('nobody'), { database: true });
  expect(nothing.steps).toEqual([]);
  expect(complaints(nothing)).toContainEqual(expect.stringMatching(/^block Rights: nobody may not reindex /));
});

test('cancelled while a reader holds it, as who may drop: nothing is left; as who may not: it is said', async () => {
  for (const user of ['owner', ...(major >= 17 ? ['keeper'] : [])]) {
    const reader = await connect(cluster.target(), 'workload', 'reader');
    await reader.sql('BEGIN');
    await reader.sql('SELECT FROM t LIMIT 1');
    const context = here(user);
    const abort = new AbortController();
    const running = carryOut(await planReindex(context, { index: ['t_t'] }), context, {
      signal: abort.signal,
    });
    const waits = async () => {
      const rows = await session.sql(
        "SELECT FROM pg_stat_progress_create_index WHERE phase = 'waiting for readers before marking dead' AND datname = current_database()",
      );
      return rows.length > 0;
    };
    await until(waits, { what: 'the wait for readers', timeout: 15_000 });
    abort.abort();
    // without the reader it would come to its end before it is told to stop
    await until(async () => !(await waits()), { what: 'the end of the rebuild', timeout: 15_000 });
    await reader.close();
    const { end } = await running;
    expect(end.status).toBe('cancelled');
    if (user === 'owner') expect(await invalidIndexes(session)).toEqual([]);
    else {
      expect(end.text).toMatch(
        /t_t_ccold stays, invalid: only its owner owner or a superuser may do that: DROP INDEX CONCURRENTLY/,
      );
      const plan = await planReindex(here(), { index: ['t_t_ccold'] });
      expect(plan.steps.map(({ id }) => id)).toEqual(['drop:public.t_t_ccold', 'compare']);
      expect((await carryOut(plan, here())).end.status).toBe('done');
      expect(await invalidIndexes(session)).toEqual([]);
    }
  }
});
