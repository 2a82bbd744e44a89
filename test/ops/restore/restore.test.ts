import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRun } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { StepIo } from '../../../src/ops/engine/plan.ts';
import { type Backup, findBackup } from '../../../src/ops/repository/repository.ts';
import { restore } from '../../../src/ops/restore/restore.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { everything, rowCounts } from '../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf } from '../engine/run/stage.ts';
import {
  backedUp,
  blocks,
  contextIn,
  databasesLike,
  dropLike,
  inDatabase,
  planRestore,
  restored,
} from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let made: Backup;
let counts: Map<string, number>;

beforeAll(async () => {
  db = await testDatabase();
  counts = await inDatabase(db.database, async (session) => {
    await everything(session);
    return rowCounts(session);
  });
  const context = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  made = await backedUp(context);
  await context.close();
});
afterAll(async () => {
  await db.drop();
  await dropLike(`${db.database}_`);
});

const damage = () =>
  inDatabase(db.database, async (session) => {
    await session.sql(
      'DELETE FROM app.orders WHERE id % 2 = 0; DROP TABLE app.children; CREATE TABLE app.later (id int)',
    );
    return rowCounts(session);
  });

test('beside, verified, swapped; and back again with undo, though the command after fails', async () => {
  const damaged = await damage();
  const context = contextIn(db.target(), home);
  const { end, plan, facts, bars } = await restored(context, {
    backup: made.id,
    after: 'echo no such unit >&2; exit 3',
  });
  expect(end).toMatchObject({ ok: false, status: 'done', undo: `pgdeck undo ${end.run}` });
  expect(end.text).toMatch(
    /: done\.\nBut this failed: Run the command after: sh failed with exit code 3:\nno such unit$/,
  );
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'read',
    'safety-snapshot',
    'safety-dump',
    'safety-verify',
    'safety-publish',
    'create',
    'load',
    'analyze',
    'verify',
    'properties',
    'swap',
    'after',
  ]);
  // exact to the byte, because the backup has counted them; and one bar for each kind of work
  const bytes = made.manifest?.tables.reduce((sum, one) => sum + (one.copy_bytes ?? 0), 0);
  expect(bars.get('data')).toMatchObject({ done: bytes, of: bytes, unit: 'bytes' });
  const indexes = bars.get('indexes and constraints');
  expect(indexes?.done).toBe(indexes?.of);
  expect(indexes?.of).toBeGreaterThan(20);
  expect(plan.subject).toBe(db.database);
  expect(plan.danger).toBe('type-name');
  expect(await inDatabase(db.database, rowCounts)).toEqual(counts);
  // settings of the database are in no dump of it
  expect(
    await inDatabase(db.database, (s) => s.sql("SELECT current_setting('app.tenant') AS tenant")),
  ).toEqual([{ tenant: "a'b, c" }]);
  const safety = await findBackup('/nowhere', (facts.safety as { path: string }).path);
  expect(safety).toMatchObject({ status: 'ok', manifest: { safety: true } });

  const run = readRun(context.journal, end.run);
  const undo = await restore.undo?.(run as NonNullable<typeof run>, context);
  expect(blocks(undo as NonNullable<typeof undo>)).toEqual([]);
  const back = await carryOut(undo as NonNullable<typeof undo>, context);
  expect(back.end).toMatchObject({ ok: true });
  expect(await inDatabase(db.database, rowCounts)).toEqual(damaged);
  const left = await databasesLike(`${db.database}_`);
  expect(left).toEqual([expect.stringContaining('__rolledback_')]);
  await dropLike(`${db.database}_`);
  // and once more the other way: what was undone is not undone twice
  expect(blocks((await restore.undo?.(run as NonNullable<typeof run>, context)) as never).join()).toContain(
    'is gone',
  );
});

describe('the live database stays as it is', () => {
  const asItWas = async (work: (context: OpContext) => Promise<void>) => {
    const before = await inDatabase(db.database, rowCounts);
    await work(contextIn(db.target(), home));
    expect(await inDatabase(db.database, rowCounts)).toEqual(before);
    expect(await databasesLike(`${db.database}_`)).toEqual([]);
  };

  test('when the load fails, with what pg_restore said', () =>
    asItWas(async (context) => {
      const plan = await planRestore(context, { backup: made.id, no_safety_backup: true });
      const steps = plan.steps.map((step) =>
        step.id === 'load'
          ? {
              ...step,
              run: async (io: StepIo) => {
                // in the way of what is loaded
                const [fresh = ''] = await databasesLike(`${db.database}__restore_`);
                await inDatabase(fresh, (session) => session.sql('CREATE SCHEMA app'));
                await step.run(io);
              },
            }
          : step,
      );
      const { end } = await carryOut({ ...plan, steps }, context);
      expect(end).toMatchObject({ ok: false, status: 'failed', undo: null });
      expect(end.text).toContain('pg_restore failed with exit code 1');
      expect(end.text).toContain('schema "app" already exists');
    }));

  test('when it is not what was backed up', () =>
    asItWas(async (context) => {
      const plan = await planRestore(context, { backup: made.id, no_safety_backup: true });
      const steps = plan.steps.map((step) =>
        step.id === 'analyze'
          ? {
              ...step,
              run: async () => {
                const [fresh = ''] = await databasesLike(`${db.database}__restore_`);
                await inDatabase(fresh, (session) => session.sql('DELETE FROM app.employees WHERE id = 20'));
              },
            }
          : step,
      );
      const { end } = await carryOut({ ...plan, steps }, context);
      expect(end).toMatchObject({ ok: false });
      expect(end.text).toContain('app.employees has 19 rows instead of 20');
    }));

  test('when it is cancelled before the exchange; what was stopped is started again', () =>
    asItWas(async (context) => {
      const file = join(home, 'service-cancelled');
      const plan = await planRestore(context, {
        backup: made.id,
        no_safety_backup: true,
        before: `echo stopped > ${file}; sleep 60`,
        after: `echo started >> ${file}`,
      });
      const abort = new AbortController();
      const { end } = await carryOut(plan, context, {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === 'start' && event.id === 'before')
            void until(() => readFileSync(file, 'utf8') !== '', { what: 'the command before' }).then(() =>
              abort.abort(),
            );
        },
      });
      expect(end).toMatchObject({ status: 'cancelled' });
      expect(readFileSync(file, 'utf8')).toBe('stopped\nstarted\n');
    }));
});

describe('what is refused, or told, before anything is done', () => {
  const planned = (input: Record<string, unknown>, database = db.database) =>
    planRestore(contextIn({ ...db.target(), database }, home), { backup: made.id, ...input });

  test('a backup of a part, in the place of the whole', async () => {
    const context = contextIn(db.target(), home, { BACKUP_DIR: join(home, 'parts') });
    const part = await backedUp(context, { table: ['app.employees'] });
    const plan = await planRestore(context, { backup: part.id });
    expect(blocks(plan)).toEqual([expect.stringContaining('would have nothing else')]);
    expect(plan.steps).toEqual([]);
  });

  test('who connects to postgres means the database of the backup, and a backup of another one is told', async () => {
    const plan = await planned({}, 'postgres');
    expect(plan.subject).toBe(db.database);
    const other = `${db.database}_other`;
    await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${other}`));
    const warned = await planned({}, other);
    expect(warned.subject).toBe(other);
    expect(warned.checks).toContainEqual({
      title: 'Name',
      status: 'warn',
      detail: `This is a backup of ${db.database}, and it replaces ${other}.`,
    });
    await dropLike(other);
    expect(blocks(await planned({ database: 'nowhere' }))).toEqual([
      expect.stringContaining('There is no database nowhere'),
    ]);
  });

  test('which server, which database, its size and what is known of its newest write', async () => {
    const { facts, input } = await planned({});
    const value = (label: string) => facts.find((fact) => fact.label === label)?.value;
    expect(value('Server')).toContain(db.target().host);
    expect(value('Database')).toMatch(/ [kM]B, owner postgres$/);
    expect(value('Newest write')).toMatch(/not recorded .* rows written/);
    expect(value('Holds')).toMatch(/rows in \d+ tables/);
    expect(input).toMatchObject({ backup: made.id });
  });

  test('flags that contradict each other', () => {
    const parse = (input: Record<string, unknown>) =>
      restore.input.safeParse({ backup: 'x', ...input }).success;
    expect(parse({ into: 'a', in_place: true })).toBe(false);
    expect(parse({ into: 'a', database: 'b' })).toBe(false);
    expect(parse({ into: 'a' })).toBe(true);
  });
});

test('the owner of a database may do all of it, with pg_signal_backend, whatever timeouts the role has', async () => {
  const owner = await db.roleWith('pg_signal_backend');
  const shop = `${db.database}_owned`;
  await inDatabase('postgres', (session) =>
    session
      .sql(`ALTER ROLE ${owner} CREATEDB; ALTER ROLE ${owner} SET statement_timeout = '1ms'`)
      .then(() => session.sql(`CREATE DATABASE ${shop} OWNER ${owner}`)),
  );
  const target = { ...db.target(owner), database: shop };
  const context = contextIn(target, home, { BACKUP_DIR: join(home, 'owned') });
  const mine = await context.open('test');
  await mine.sql("CREATE TABLE public.things AS SELECT 'first' AS word");
  const { id } = await backedUp(context);
  await mine.sql("UPDATE public.things SET word = 'second'");
  const { end, lines } = await restored(context, { backup: id });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(lines.join()).not.toContain('No statistics');
  expect(await inDatabase(shop, (session) => session.sql('SELECT word FROM public.things'))).toEqual([
    { word: 'first' },
  ]);
  await mine.close();
  await dropLike(shop);
});

test('chosen tables go into the database as it is, between the commands before and after', async () => {
  const shop = `${db.database}_tables`;
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${shop} TEMPLATE ${db.database}`));
  const file = join(home, 'tables');
  const context = contextIn({ ...db.target(), database: 'postgres' }, home);
  await inDatabase(shop, (session) => session.sql('DELETE FROM app.files WHERE id > 5'));
  const { end, plan } = await restored(context, {
    backup: made.id,
    database: shop,
    table: ['app.files'],
    mode: 'skip_existing',
    before: `echo stopped > ${file}`,
    after: `echo started >> ${file}`,
  });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.subject).toBe(shop);
  expect((await inDatabase(shop, rowCounts)).get('app.files')).toBe(12);
  expect(readFileSync(file, 'utf8')).toBe('stopped\nstarted\n');
  await dropLike(shop);
});
