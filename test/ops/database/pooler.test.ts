import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../../../src/db/client.ts';
import { explain } from '../../../src/db/explain.ts';
import { defineQuery } from '../../../src/db/query.ts';
import type { Session } from '../../../src/db/session.ts';
import { poolerChecks } from '../../../src/ops/database/pooler.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { takeSchemaSnapshot } from '../../../src/ops/schema/snapshot.ts';
import { signalTargets } from '../../../src/ops/signal/queries/signal.ts';
import { everyQuery, sampleOf } from '../../db/queries/samples.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { type Pooler, type PoolerOptions, pooler } from '../../support/pgbouncer.ts';
import { pgdeck, temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { contextFor } from '../programs/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let role: string;
const poolers: Pooler[] = [];
beforeAll(async () => {
  db = await testDatabase();
  role = await db.roleWith('superuser');
  const admin = await client(db.target());
  await admin.sql('CREATE TABLE seen (id int PRIMARY KEY)');
  // so that there is something to switch off where a server would end idle sessions
  if (admin.server.major >= 14) await admin.sql(`ALTER ROLE "${role}" SET idle_session_timeout = '1h'`);
});
afterAll(async () => {
  await Promise.all(poolers.map((one) => one.stop()));
  await db.drop();
});

async function pooled(options: PoolerOptions) {
  const one = await pooler(db.target(role), options);
  poolers.push(one);
  return one.through(db.target(role));
}

/** What any client has left set on a connection of the pool, and what else the server keeps for it. */
async function state(target: Awaited<ReturnType<typeof pooled>>): Promise<unknown> {
  const other = await connect(target, 'workload', 'other');
  try {
    return await other.sql(
      `SELECT array(SELECT name || '=' || setting FROM pg_settings WHERE source = 'session' ORDER BY 1) AS settings,
         array(SELECT name FROM pg_prepared_statements) AS prepared,
         array(SELECT objid FROM pg_locks WHERE locktype = 'advisory') AS advisory,
         pg_my_temp_schema()::int AS temporary`,
    );
  } finally {
    await other.close();
  }
}

const plans: readonly (readonly [string, Record<string, unknown>])[] = [
  ['vacuum', { table: ['seen'] }],
  ['vacuum', { table: ['seen'], full: true }],
  ['analyze', { table: ['seen'] }],
  ['reindex', { table: ['seen'] }],
  ['reindex', { table: ['seen'], concurrently: false }],
  ['backup', {}],
];

async function planned(context: OpContext, id: string, input: Record<string, unknown>): Promise<Plan> {
  const operation = await OPERATIONS.find((one) => one.id === id)?.load();
  if (operation === undefined) throw new Error(`There is no operation ${id}.`);
  return operation.plan(operation.input.parse(input), context);
}

describe.each<[string, PoolerOptions]>([
  ['transaction', { mode: 'transaction' }],
  ['transaction, the longest rested first', { mode: 'transaction', settings: { server_round_robin: '1' } }],
  ['transaction, one connection', { mode: 'transaction', size: 1 }],
  [
    'transaction, settings dropped without a word',
    { mode: 'transaction', size: 1, settings: { ignore_startup_parameters: 'options,extra_float_digits' } },
  ],
  ['statement', { mode: 'statement', size: 1 }],
])('PgBouncer that shares connections: %s', (_, options) => {
  test('what needs a session is refused with the way round it, and nothing is left for others', async () => {
    const target = await pooled(options);
    // with more than one connection, each is there to be shared
    const clients = await Promise.all([connect(target, 'workload'), connect(target, 'workload')]);
    await Promise.all(clients.map((one) => one.sql('SELECT pg_sleep(0.02)')));
    const before = await state(target);
    const context = contextFor(target, home);
    for (const [id, input] of plans) {
      const plan = await planned(context, id, input);
      const blocks = plan.checks.filter(({ status }) => status === 'block').map(({ detail }) => detail);
      expect(blocks, id).toEqual([
        expect.stringMatching(
          /is a pooler that shares connections.*Connect to PostgreSQL itself, with -h and -p\./,
        ),
      ]);
      const { end } = await carryOut(plan, context);
      expect(end.status, id).toBe('refused');
    }
    await expect(context.open('pgdeck:any')).rejects.toMatchObject({
      kind: 'refused',
      next: 'Connect to PostgreSQL itself, with -h and -p.',
    });
    await context.close();
    expect(await state(target)).toEqual(before);
    await Promise.all(clients.map((one) => one.close()));
  });
});

test('a pooler that keeps a connection for a client is told; the settings hold there and end with it', async () => {
  const target = await pooled({ mode: 'session', size: 4, settings: { server_reset_query: '' } });
  const before = await state(target);
  const context = contextFor(target, home);
  expect(await poolerChecks(context, await context.session())).toMatchObject([
    { title: 'Pooler', status: 'warn' },
  ]);
  const session = await context.open('pgdeck:any');
  const shown = await session.sql(
    `SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
       current_setting('search_path') AS path`,
  );
  expect(shown).toEqual([{ lock: '30s', statement: '0', path: 'pg_catalog' }]);
  await session.close();
  const { end } = await carryOut(await planned(context, 'vacuum', { table: ['seen'] }), context);
  expect(end).toMatchObject({ status: 'done' });
  await context.close();
  expect(await state(target)).toEqual(before);
});

test('a pool without a free connection is refused, since nothing can be seen of it', async () => {
  const target = await pooled({ mode: 'session', size: 1 });
  const context = contextFor(target, home);
  expect(await poolerChecks(context, await context.session())).toMatchObject([
    {
      status: 'block',
      detail: expect.stringMatching(/without a free connection.*Connect to PostgreSQL itself/),
    },
  ]);
  await context.close();
});

test('no pooler, and nothing is said', async () => {
  const context = contextFor(db.target(), home);
  expect(await poolerChecks(context, await context.session())).toEqual([]);
  await context.close();
});

/** What PgBouncer says of BEGIN in statement mode. */
const REFUSED = /transaction blocks not allowed in statement pooling mode/i;

const echo = defineQuery({
  id: 'test.echo',
  variants: [
    {
      sql: `SELECT current_setting('lock_timeout') AS lock, current_setting('transaction_read_only') AS read_only,
        $1::text AS word, $2::text[]::text AS words, $3::int AS number, $4::text AS nothing`,
    },
  ],
  row: z.object({
    lock: z.string(),
    read_only: z.string(),
    word: z.string(),
    words: z.string(),
    number: z.int(),
    nothing: z.null(),
  }),
  params: (word: string) => [word, [word, 'b'], 7, null],
});

describe.each<PoolerOptions>([{ mode: 'transaction' }, { mode: 'statement' }, { mode: 'session' }])(
  'watching through PgBouncer in $mode mode',
  (options) => {
    let target: Awaited<ReturnType<typeof pooled>>;
    let session: Session;
    beforeAll(async () => {
      target = await pooled({ ...options, size: options.mode === 'session' ? 2 : 1 });
    });

    test('every query answers as it does without; its timeouts hold for it, and for nobody else', async () => {
      const before = await state(target);
      const queries = await everyQuery();
      const [direct, through] = [await connect(db.target(role), 'fast'), await connect(target, 'fast')];
      session = through;
      const available = queries.filter((query) => query.unavailable?.(direct.server) === undefined);
      const sample = await sampleOf(direct.server);
      const calls = available.map((query) => ({ query, input: sample(query) }));
      const failed = async (one: Session) =>
        (await one.batch(calls)).map((answer, at) =>
          answer.ok ? '' : `${available[at]?.id}: ${answer.error.message}`,
        );
      expect(await failed(through)).toEqual(await failed(direct));
      for (const word of [`it's`, `a\\'b`, '$1', '', '{"}', 'NULL'])
        expect(await through.run(echo, word)).toEqual(
          (await direct.run(echo, word)).map((row) => ({ ...row, lock: '200ms', read_only: 'on' })),
        );
      await Promise.all([direct.close(), session.close()]);
      expect(await state(target)).toEqual(before);
    });

    test('the schema is the same', async () => {
      const [direct, through] = [await connect(db.target(role), 'slow'), await connect(target, 'slow')];
      // a snapshot needs a transaction
      if (options.mode === 'statement') await expect(takeSchemaSnapshot(through)).rejects.toThrow(REFUSED);
      else expect(await takeSchemaSnapshot(through)).toEqual(await takeSchemaSnapshot(direct));
      await Promise.all([direct.close(), through.close()]);
    });

    test('a text with parameters has the same plan, and nothing of it stays on the connection', async () => {
      const before = await state(target);
      const [direct, through] = [await connect(db.target(role), 'control'), await connect(target, 'control')];
      const text = 'SELECT * FROM seen WHERE id = $1 AND $2::interval IS NOT NULL';
      if (options.mode === 'statement') await expect(explain(through, text)).rejects.toThrow();
      else expect(await explain(through, text)).toEqual(await explain(direct, text));
      await Promise.all([direct.close(), through.close()]);
      expect(await state(target)).toEqual(before);
    });

    test('a plan waits for no lock', async () => {
      const before = await state(target);
      const [holder, through] = [await client(db.target()), await connect(target, 'control')];
      await holder.sql('BEGIN; LOCK TABLE seen');
      // in statement mode PgBouncer hangs up at BEGIN, perhaps before its reason is read
      await expect(explain(through, 'SELECT * FROM seen')).rejects.toMatchObject({
        kind: options.mode === 'statement' ? 'lost' : 'busy',
      });
      await holder.sql('ROLLBACK');
      await through.close();
      expect(await state(target)).toEqual(before);
    });
  },
);

test('a session is ended through a pooler, and no other', async () => {
  const target = await pooled({ mode: 'transaction' });
  const victim = await connect(db.target(), 'workload', 'victim');
  const { host, port, user, database } = target;
  const words = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const { code, stdout } = await pgdeck(['terminate', String(victim.pid), '--yes', ...words], { HOME: home });
  expect([code, stdout]).toEqual([0, expect.stringContaining(`${victim.pid}`)]);
  const watcher = await connect(target, 'fast');
  expect(await watcher.run(signalTargets, { pids: [victim.pid] })).toEqual([]);
  await Promise.all([watcher.close(), victim.close()]);
});
