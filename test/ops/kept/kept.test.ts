import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteIdent } from '../../../src/db/ident.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { planKeptDrop } from '../../../src/ops/kept/drop.ts';
import { listKept } from '../../../src/ops/kept/list.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { backedUp, blocks, contextIn, dropLike, inDatabase, restored } from '../restore/stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) => session.sql('CREATE TABLE t AS SELECT 1 AS n'));
});
afterAll(async () => {
  await dropLike(db.database);
  await db.drop();
});

const here = () => contextIn(db.target(), home);
const sql = (text: string) => inDatabase('postgres', (session) => session.sql(text));
const mine = async (context: OpContext) =>
  (await listKept(context)).kept
    .filter(({ name }) => name.startsWith(db.database))
    .map(({ name, kind, of, run }) => ({ name, kind, of, run }));
const planDrop = (context: OpContext, name: string) => planKeptDrop(name, context);

test('what restores have made is listed and dropped, and nothing else is', async () => {
  const context = here();
  const backup = await backedUp(context);
  const copy = `${db.database} 副本"`;
  const into = await restored(context, { backup: backup.id, into: copy });
  const swap = await restored(context, { backup: backup.id, no_safety_backup: true });
  const before = (swap.facts.swap as { before: string }).before;
  expect(await mine(context)).toEqual([
    { name: copy, kind: 'copy', of: db.database, run: into.end.run },
    { name: before, kind: 'before', of: db.database, run: swap.end.run },
  ]);

  // the copy is somebody's while somebody is in it, and somebody's own once it has another name
  await inDatabase(copy, async () => {
    expect(blocks(await planDrop(here(), copy))).toEqual([expect.stringMatching(/^Sessions: 1 session in /)]);
  });
  await sql(`ALTER DATABASE ${quoteIdent(copy)} RENAME TO ${quoteIdent(`${db.database}_own`)}`);
  expect(await mine(here())).toMatchObject([{ name: before }]);
  await expect(planDrop(here(), `${db.database}_own`)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('pgdeck did not make'),
  });
  await sql(`ALTER DATABASE ${quoteIdent(`${db.database}_own`)} RENAME TO ${quoteIdent(copy)}`);
  await expect(planDrop(here(), db.database)).rejects.toMatchObject({ kind: 'refused' });
  await expect(planDrop(here(), 'no such')).rejects.toMatchObject({ kind: 'refused' });

  const plan = await planDrop(here(), copy);
  expect(plan).toMatchObject({ danger: 'type-name', subject: copy, writes: true });
  expect(plan.steps.map(({ preview }) => preview)).toEqual([`DROP DATABASE ${quoteIdent(copy)};`]);
  const { end, events } = await carryOut(plan, here());
  expect(end).toMatchObject({ ok: true, undo: null });
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'line',
      text: expect.stringMatching(/^Dropped .* MB are free again\.$/),
    }),
  );
  // another one of that name is not the copy
  await sql(`CREATE DATABASE ${quoteIdent(copy)}`);
  await expect(planDrop(here(), copy)).rejects.toMatchObject({ kind: 'refused' });
  expect((await carryOut(plan, here())).end).toMatchObject({ ok: false });
  expect(await sql(`SELECT FROM pg_database WHERE datname = '${copy}'`)).toHaveLength(1);
});

test('the copy that is the way back says so; without the live database it is not dropped', async () => {
  const context = here();
  const backup = await backedUp(context);
  const swap = await restored(context, { backup: backup.id, no_safety_backup: true });
  const before = (swap.facts.swap as { before: string }).before;
  const plan = await planDrop(here(), before);
  expect(plan.consequence).toContain(`pgdeck undo ${swap.end.run} cannot be done any more`);
  await sql(`ALTER DATABASE ${quoteIdent(db.database)} RENAME TO ${quoteIdent(`${db.database}_away`)}`);
  expect(blocks(await planDrop(here(), before))).toEqual([
    expect.stringMatching(/^Way back: .*pgdeck recover/),
  ]);
  await sql(`ALTER DATABASE ${quoteIdent(`${db.database}_away`)} RENAME TO ${quoteIdent(db.database)}`);
  expect((await carryOut(await planDrop(here(), before), here())).end.ok).toBe(true);
  expect((await mine(here())).map(({ name }) => name)).not.toContain(before);
});

test('the commands: one object for scripts, a table for people; what is in use is not dropped', async () => {
  const context = here();
  const name = `${db.database}_cli`;
  const { end } = await restored(context, { backup: (await backedUp(context)).id, into: name });
  const { host, port, user } = context.target;
  const env = cleanEnvironment(home, { XDG_STATE_HOME: join(context.journal, '..', '..') });
  const run = (...args: string[]) =>
    pgdeckHere(['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', 'db', ...args], env);
  const listed = JSON.parse((await run('kept', '--json')).stdout).databases;
  expect(listed.find((one: { name: string }) => one.name === name)).toEqual({
    ...{ name, kind: 'copy', of: db.database, run: end.run, bytes: expect.any(Number) },
    ...{ made_at: expect.stringMatching(/Z$/), age_seconds: expect.any(Number) },
    ...{ sessions: 0, slots: 0, subscriptions: 0, prepared_transactions: 0 },
  });
  expect((await run('kept')).stdout).toMatch(
    new RegExp(`^${name} +restored copy +${db.database} +[\\d.]+ MB `, 'm'),
  );
  const other = await run('drop', db.database, '--confirm', db.database);
  expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/Sessions: 1 session in /)]);
  expect((await run('drop', name, '--yes')).code).toBe(2);
  expect((await run('drop', name, '--confirm', name)).code).toBe(0);
  expect(JSON.parse((await run('kept', '--json')).stdout).databases).not.toContainEqual(
    expect.objectContaining({ name }),
  );
});
