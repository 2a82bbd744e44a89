import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { local } from '../../../../src/hosts/local.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { up } from '../../../../src/ops/migrate/up.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { undoRestore } from '../../../../src/ops/restore/undo.ts';
import { verify } from '../../../../src/ops/verify/verify.ts';
import { flip, largest } from '../../../ops/archive/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { planVacuum } from '../../../ops/maintain/stage.ts';
import { backedUp, blocks, planRestore } from '../../../ops/restore/stage.ts';
import { rowCounts } from '../../../support/fixtures/everything.ts';
import { contextThrough, inside, type Through } from './stage.ts';

/** A server somewhere else, whose database `shop` has everything in it, and what is told of it. */
export interface Place extends Through {
  /** How a command there is typed here. */
  readonly typed: string;
  readonly password: string;
  /** Whose home the runs and the repository are in. */
  readonly home: string;
  /** What anybody has left where temporary files are. */
  leftThere(): Promise<readonly string[]>;
  /** What the server has said. */
  said(): Promise<string>;
}

/** Plans, and carries it out; it must be done. */
export async function done(plan: Plan, context: OpContext) {
  expect(blocks(plan)).toEqual([]);
  const { end, events, run } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ status: 'done', ok: true });
  return { run, lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])) };
}

const counts = (place: Place) =>
  inside(place, 'shop', async (session) => [...(await rowCounts(session))].sort());

async function verified(context: OpContext, backup: Backup, level: string) {
  const plan = await verify.plan(verify.input.parse({ id: backup.id, level }), context);
  expect(blocks(plan)).toEqual([]);
  const { end } = await carryOut(plan, context);
  return { ok: end.ok, text: end.text };
}

async function spoil(place: Place): Promise<void> {
  await inside(place, 'shop', async (session) => {
    await session.sql('DELETE FROM app.orders');
    await session.sql('CREATE TABLE IF NOT EXISTS later (id int)');
  });
}

/** pg_dumpall's own words without the key that it makes up for psql. */
const globalsOf = (backup: Backup): string =>
  readFileSync(join(backup.path, 'globals.sql'), 'utf8').replaceAll(/^\\(un)?restrict .*$/gm, '');

/** Tests of backups of one format, from the first to the one that is restored for a test. */
export function backupsAreMade(at: () => Place, input: { readonly format: string }): void {
  let made: Backup;
  let before: [string, number][];

  test('is what one that is made with the programs of this machine is', async () => {
    const place = at();
    before = await counts(place);
    made = await backedUp(await contextThrough(place, place.home), input);
    const near = await contextThrough({ ...place, runsOn: { kind: 'local' } }, join(place.home, 'near'), {
      here: local,
    });
    const other = await backedUp(near, input);
    expect(made.manifest?.tables).toEqual(other.manifest?.tables);
    expect(made.manifest).toMatchObject({
      large_objects: other.manifest?.large_objects,
      sequences: other.manifest?.sequences,
      extensions: other.manifest?.extensions,
      roles: other.manifest?.roles,
      verifications: [{ level: 'counts', ok: true }],
    });
    expect(made.manifest?.files.map(({ path }) => path.replaceAll(made.id, ''))).toEqual(
      other.manifest?.files.map(({ path }) => path.replaceAll(other.id, '')),
    );
    expect(globalsOf(made)).toContain('CREATE ROLE');
    expect(globalsOf(made)).toBe(globalsOf(other));
    expect(await place.leftThere()).toEqual([]);
  });

  test('is verified, and its damage found', async () => {
    const place = at();
    const context = await contextThrough(place, place.home);
    expect(await verified(context, made, 'counts')).toMatchObject({ ok: true });
    const path = made.kind === 'directory' ? largest(made.archive, /\d/) : made.archive;
    flip(path, 0.97);
    expect(await verified(context, made, 'decode')).toMatchObject({
      ok: false,
      text: expect.stringMatching(/damaged/),
    });
    expect(await verified(context, made, 'counts')).toMatchObject({ ok: false });
    flip(path, 0.97);
    expect(await verified(context, made, 'decode')).toMatchObject({ ok: true });
    expect(await verified(context, made, 'counts')).toMatchObject({ ok: true });
    made = await findBackup(join(place.home, 'backups'), made.id);
    expect(made.status).toBe('ok');
    expect(await place.leftThere()).toEqual([]);
  });

  test('is restored with an exchange of the names, which is undone', async () => {
    const place = at();
    await spoil(place);
    const spoilt = await counts(place);
    const context = await contextThrough(place, place.home);
    const plan = await planRestore(context, { backup: made.id });
    const { run, lines } = await done(plan, context);
    expect(await counts(place)).toEqual(before);
    const told = [...lines, ...plan.steps.map(({ preview }) => preview)].join('\n');
    expect(told).not.toContain(place.password);
    const typed = lines.filter((line) => line.includes(place.typed));
    expect(typed.join('\n')).toMatch(/pg_restore|psql/);
    if (run === undefined) throw new Error('no run');
    await done(await undoRestore(run, context), context);
    expect(await counts(place)).toEqual(spoilt);
    await done(await planRestore(context, { backup: made.id }), context);
    expect(await counts(place)).toEqual(before);
    expect(await place.leftThere()).toEqual([]);
  });

  test('gives single tables back', async () => {
    const place = at();
    await inside(place, 'shop', (session) => session.sql('DELETE FROM app.orders WHERE id % 2 = 0'));
    const context = await contextThrough(place, place.home);
    await done(
      await planRestore(context, { backup: made.id, table: ['app.orders'], mode: 'merge' }),
      context,
    );
    expect(await counts(place)).toEqual(before);
    expect(await place.leftThere()).toEqual([]);
  });

  test('the server was never thrown back', async () => {
    expect(await at().said()).not.toMatch(/terminated by signal|reinitializing/);
  });

  test('is restored for a test beside the others, since this machine has no server', async () => {
    const place = at();
    const context = await contextThrough(place, place.home);
    const plan = await verify.plan(verify.input.parse({ id: made.id, level: 'restore' }), context);
    const { lines } = await done(plan, context);
    expect(lines.join('\n')).toMatch(
      /This machine has no server of PostgreSQL .* A temporary database on .* is used/,
    );
    expect(await place.leftThere()).toEqual([]);
  });
}

/** Tests of what changes the server there: migrations of this machine behind a backup, and vacuum. */
export function workIsDone(at: () => Place): void {
  test('migrations of this machine are applied behind a backup that is made there', async () => {
    const place = at();
    const directory = join(place.home, 'app');
    mkdirSync(join(directory, 'db/migrations'), { recursive: true });
    writeFileSync(
      join(directory, 'db/migrations/20260101000001_away.sql'),
      '-- migrate:up\nCREATE TABLE kept (id int);\nDROP TABLE IF EXISTS nothing_of_that_name;\n\n-- migrate:down\nDROP TABLE kept;\n',
    );
    const context = await contextThrough(place, place.home);
    const input = { dir: directory, backup: true, acknowledge: ['drop_table'] };
    const { lines } = await done(await up.plan({ ...up.input.parse(input) }, context), context);
    expect(lines.filter((line) => line.includes(place.typed)).join('\n')).toMatch(/pg_dump/);
    const applied = await inside(place, 'shop', (session) =>
      session.sql(
        "SELECT to_regclass('kept')::text AS kept, (SELECT max(version) FROM schema_migrations) AS version",
      ),
    );
    expect(applied).toEqual([{ kept: 'kept', version: '20260101000001' }]);
    expect(await place.leftThere()).toEqual([]);
  });

  test('tables are vacuumed', async () => {
    const place = at();
    const context = await contextThrough(place, place.home);
    await done(await planVacuum(context, { table: ['app.orders'] }), context);
    const [row] = await inside(place, 'shop', (session) =>
      session.sql(
        "SELECT sum(vacuum_count)::int AS times FROM pg_stat_user_tables WHERE relname LIKE 'orders%'",
      ),
    );
    expect(Number(row?.times)).toBeGreaterThan(0);
  });
}
