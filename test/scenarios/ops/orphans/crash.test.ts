import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/client.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import {
  archivesIn,
  broken,
  recoverRun,
  rowsOf,
  runOrphans,
  stateOf,
  undoRun,
} from '../../../ops/orphans/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let admin: Session;
let context: OpContext;
let archive: string;
let tests = 0;
const env = { XDG_STATE_HOME: join(home, '.local', 'state') };
const LOST = 1_500;

beforeAll(async () => {
  db = await testDatabase();
  admin = await client(db.target());
  context = contextOf(db.target(), home, { env });
});
afterEach(async () => {
  await admin.sql('DROP SCHEMA public CASCADE');
  await admin.sql('CREATE SCHEMA public');
});
afterAll(async () => {
  await context?.close();
  await db?.drop();
});

async function prepared({ missing = false } = {}): Promise<string[]> {
  archive = join(home, `archive-${++tests}`);
  await broken(admin, 't', { rows: 2_000, lost: LOST, valid: missing });
  return rowsOf(admin, 't');
}

function started(args: readonly string[], more: Record<string, string>) {
  const { host, port, user, database } = db.target();
  const where = ['-h', host, '-p', String(port), '-U', user, '-d', database];
  return spawn(process.execPath, [MAIN, ...where, ...args, '--json', '--confirm', 'public.t'], {
    env: { ...cleanEnvironment(home), ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const work = (missing: boolean) => [
  'orphans',
  ...(missing
    ? ['--table', 't', '--columns', 'parent', '--references', 't_parent', '--name', 't_fk']
    : ['--key', 't_fk']),
  ...['--then', 'delete', '--archive', archive],
];
const again = (missing: boolean) => ({
  ...(missing ? { table: 't', columns: 'parent', references: 't_parent', name: 't_fk' } : { key: 't_fk' }),
  ...{ action: 'delete', archive },
});

/** Runs it in a process of its own that kills itself at the point; answers the run. */
async function killedAt(point: string, args: readonly string[]): Promise<string> {
  const child = started(args, { PGDECK_CRASH_AT: point });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [, signal] = await once(child, 'close');
  expect(signal, said).toBe('SIGKILL');
  return newest();
}

const newest = (): string => listRuns(context.journal)[0]?.id ?? '';

/** The ids of all rows that finished archives have, in whatever order. */
function archived(): number[] {
  if (!existsSync(archive)) return [];
  return archivesIn(archive).flatMap((directory) => {
    const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
    expect(manifest.ended_at).not.toBeNull();
    const ids = manifest.parts.flatMap(({ file }: { file: string }) =>
      gunzipSync(readFileSync(join(directory, file)))
        .toString()
        .trim()
        .split('\n')
        .map((line) => Number(line.split(',')[0]?.replaceAll('"', ''))),
    );
    expect(ids).toHaveLength(manifest.rows);
    return ids;
  });
}

const numbers = (to: number) => Array.from({ length: to }, (_, at) => at + 1);

/** What is in the table and what is in archives is all that there was, each once. */
async function nothingLost(): Promise<number[]> {
  const ids = archived();
  const there = (await admin.sql('SELECT id FROM t ORDER BY id')).map(({ id }) => Number(id));
  expect([...there, ...ids].sort((a, b) => a - b)).toEqual(numbers(2_000));
  return ids;
}

/** Undoes what the runs have done, the newest first. */
async function allUndone(before: readonly string[], missing: boolean): Promise<void> {
  const runs = listRuns(context.journal).filter(
    (run) =>
      run.operation === 'orphans' &&
      run.undone_by === null &&
      JSON.stringify(run.input).includes(archive) &&
      run.facts.key !== undefined,
  );
  for (const run of runs) {
    const { end } = await undoRun(context, run.id);
    expect(end, end.text).toMatchObject({ ok: true });
  }
  expect(await rowsOf(admin, 't')).toEqual(before);
  expect(await stateOf(admin, 't_fk')).toBe(missing ? 'missing' : 'not valid');
}

async function recovered(run: string): Promise<void> {
  const { end } = await recoverRun(context, run);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(listRuns(context.journal).filter(leftBehind)).toEqual([]);
}

test.each([
  ['add', true],
  ['add:end', true],
  ['rows', false],
  ['rows:archived', false],
  ['rows:noted', false],
  ['rows:committed', false],
  ['rows:committed', true],
  ['rows:before-manifest', false],
  ['rows:end', true],
  ['validate', false],
  ['validate:end', true],
])('killed at %s (key missing: %s): recovered, run again, undone', async (point, missing) => {
  const before = await prepared({ missing });
  const run = await killedAt(point, work(missing));
  await recovered(run);
  await nothingLost();
  const { end } = await runOrphans(context, again(missing));
  if (point !== 'validate:end') expect(end, end.text).toMatchObject({ ok: true });
  expect(await nothingLost()).toHaveLength(LOST);
  expect(await stateOf(admin, 't_fk')).toBe('valid');
  await allUndone(before, missing);
});

test.each([
  ['drop', false],
  ['drop:done', false],
  ['put', true],
  ['put:done', false],
  ['put:noted', false],
  ['put:committed', true],
  ['put:end', false],
  ['back', false],
  ['back:end', false],
])('undo killed at %s (key missing: %s): recover does it to its end', async (point, missing) => {
  const before = await prepared({ missing });
  const { end } = await runOrphans(context, again(missing));
  expect(end, end.text).toMatchObject({ ok: true });
  const killed = await killedAt(point, ['undo', end.run]);
  await recovered(killed);
  if (listRuns(context.journal).find(({ id }) => id === end.run)?.undone_by === null)
    expect((await undoRun(context, end.run)).end).toMatchObject({ ok: true });
  expect(await rowsOf(admin, 't')).toEqual(before);
  expect(await stateOf(admin, 't_fk')).toBe(missing ? 'missing' : 'not valid');
});

test('undo killed twice and then recovered with all that is left: no row comes back twice', async () => {
  await prepared();
  // without a key nothing would keep a second one out
  await admin.sql('ALTER TABLE t DROP CONSTRAINT t_pkey');
  const before = await rowsOf(admin, 't');
  const { end } = await runOrphans(context, again(false));
  expect(end, end.text).toMatchObject({ ok: true });
  for (const point of ['put:done', 'put:committed']) await killedAt(point, ['undo', end.run]);
  const plan = await recover.plan(recover.input.parse({}), context);
  expect((await carryOut(plan, context)).end).toMatchObject({ ok: true });
  expect(listRuns(context.journal).filter(leftBehind)).toEqual([]);
  expect(await rowsOf(admin, 't')).toEqual(before);
});

test('killed at many moments: recovered and run again each time, nothing is lost or twice', async () => {
  const before = await prepared();
  let kills = 0;
  for (const ms of [150, 200, 230, 260, 290, 320, 350, 380, 420, 480]) {
    const child = started(work(false), {});
    const closed = once(child, 'close');
    await delay(ms);
    child.kill('SIGKILL');
    const [, signal] = await closed;
    if (signal === 'SIGKILL') kills++;
    await until(async () => (await sessions()) === 0, { what: 'the end of its sessions' });
    for (const run of listRuns(context.journal).filter(leftBehind)) await recovered(run.id);
    await nothingLost();
  }
  expect(kills).toBeGreaterThan(0);
  if ((await stateOf(admin, 't_fk')) !== 'valid') await runOrphans(context, again(false));
  expect(await nothingLost()).toHaveLength(LOST);
  await allUndone(before, false);
});

async function sessions(): Promise<number> {
  const rows = await admin.sql(
    "SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%' AND datname = current_database()",
  );
  return rows.length;
}
