import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { databaseFacts } from '../../../../src/db/queries/database/facts.ts';
import { likenessOf } from '../../../../src/ops/database/create.ts';
import type { Run } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { OpError } from '../../../../src/ops/error.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { putBack } from '../../../../src/ops/restore/methods/put-back.ts';
import { restore } from '../../../../src/ops/restore/restore.ts';
import { verify } from '../../../../src/ops/verify/verify.ts';
import { carryOut, contextOf, planOf, step } from '../../../ops/engine/run/stage.ts';
import { backedUp, databasesLike, dropLike, inDatabase, planRestore } from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

/** Places of each archive; the whole number is tried with: npm run test:flips */
const PLACES = Number(process.env.PGDECK_FLIPS ?? 1);
const CHOSEN = (process.env.PGDECK_FLIPS_OF ?? '').split(',').filter((name) => name !== '');

const ARCHIVES: readonly (readonly [name: string, input: Record<string, unknown>])[] = [
  ['custom none', { format: 'custom', compress: 'none' }],
  ['custom gzip', { format: 'custom', compress: 'gzip:1' }],
  ['directory none', { format: 'directory', compress: 'none' }],
  ['plain none', { format: 'plain', compress: 'none' }],
  ['plain gzip', { format: 'plain', compress: 'gzip:1' }],
];

const home = temporaryDirectory();
const made = new Map<string, Backup>();
let db: TestDatabase;
let context: OpContext;
/** Of a machine without server programs: there the test restore goes beside the live database. */
let clientsOnly: OpContext;
let contents: unknown;

const look = () =>
  inDatabase(db.database, (session) =>
    session.sql(
      "SELECT md5(string_agg(i::text, '|' ORDER BY id)) AS items, to_regclass('lost') IS NULL AS lost FROM items i",
    ),
  );

beforeAll(async () => {
  db = await testDatabase();
  context = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  await inDatabase(db.database, (session) =>
    session.sql(
      `DROP EXTENSION pg_stat_statements;
       CREATE TABLE items (id int PRIMARY KEY, word text);
       INSERT INTO items SELECT n, 'word ' || md5(n::text) FROM generate_series(1, 400) n;
       CREATE TABLE lost (id int PRIMARY KEY, word text);
       INSERT INTO lost SELECT n, 'lost ' || md5(n::text) FROM generate_series(1, 400) n`,
    ),
  );
  for (const [name, input] of ARCHIVES) made.set(name, await backedUp(context, { ...input, label: name }));
  await inDatabase(db.database, (session) =>
    session.sql(
      "DELETE FROM items WHERE id > 300; UPDATE items SET word = 'later' WHERE id < 10; DROP TABLE lost",
    ),
  );
  contents = await look();
  const programs = join(home, 'clients');
  mkdirSync(programs);
  for (const program of ['pg_restore', 'psql', 'vacuumdb', 'pg_dump', 'pg_dumpall'])
    symlinkSync(join(inject('postgres').bin, program), join(programs, program));
  clientsOnly = { ...context, backup: { ...context.backup, programs } };
});
afterAll(async () => {
  await context.close();
  await dropLike(`${db.database}_`);
  await db.drop();
});

type Way = readonly [name: string, plan: (backup: Backup) => Promise<Plan>, here?: () => OpContext];

const restoring = (input: (backup: Backup) => Record<string, unknown>) => (backup: Backup) =>
  planRestore(context, { backup: backup.id, ...input(backup) });

async function droppedOf({ path }: Backup, database: string) {
  const session = await context.session('postgres');
  const [facts] = await session.run(databaseFacts, { database: db.database });
  if (facts === undefined) throw new Error('There is no database');
  return { database, likeness: likenessOf(facts), properties: [], safety: path };
}

const WAYS: readonly Way[] = [
  ['swap', restoring(() => ({ no_safety_backup: true }))],
  ['--into', restoring(() => ({ into: `${db.database}_into` }))],
  ['--in-place', restoring(() => ({ in_place: true }))],
  ...(['replace', 'merge', 'skip_existing'] as const).map(
    (mode): Way => [
      `--table --mode ${mode}`,
      restoring(() => ({ table: ['items'], mode, no_safety_backup: true })),
    ],
  ),
  ['--table of one that is gone', restoring(() => ({ table: ['lost'], no_safety_backup: true }))],
  ['drill', async ({ id }) => verify.plan(verify.input.parse({ id, level: 'restore' }), context)],
  [
    'drill beside',
    async ({ id }) => verify.plan(verify.input.parse({ id, level: 'restore' }), clientsOnly),
    () => clientsOnly,
  ],
  [
    'put back of a dropped database',
    async (backup) => {
      const dropped = await droppedOf(backup, `${db.database}_dropped`);
      return planOf([step('put-back', (io) => putBack(io, context, dropped))]);
    },
  ],
  [
    'undo of --in-place',
    async (backup) => {
      const facts = { dropped: await droppedOf(backup, db.database) };
      const run = { id: 'earlier', facts, input: {} } as unknown as Run;
      const plan = await restore.undo?.(run, context);
      if (plan === undefined) throw new Error('It cannot be undone');
      return plan;
    },
  ],
];

/** mulberry32: the same places every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Alters one byte of the archive and gives how to take that back. */
function flipIn({ archive, kind, path }: Backup, at: () => number): { where: string; undo: () => void } {
  const names =
    kind === 'directory'
      ? readdirSync(archive)
          .sort()
          .map((name) => join(archive, name))
      : [archive];
  let place = Math.floor(names.reduce((sum, name) => sum + statSync(name).size, 0) * at());
  const file = names.find((name) => {
    const { size } = statSync(name);
    if (place < size) return true;
    place -= size;
    return false;
  });
  if (file === undefined) throw new Error('There is no such place');
  const whole = readFileSync(file);
  const altered = Buffer.from(whole);
  altered[place] = (altered[place] ?? 0) ^ (1 << Math.floor(at() * 8));
  writeFileSync(file, altered);
  const manifest = readFileSync(join(path, 'manifest.json'));
  return {
    where: `byte ${place} of ${file.slice(path.length + 1)}`,
    undo: () => {
      writeFileSync(file, whole);
      writeFileSync(join(path, 'manifest.json'), manifest);
    },
  };
}

/** Whether what was altered was loaded, by one way; the words of the refusal where it was not. */
async function attempt([, planned, here = () => context]: Way, backup: Backup) {
  try {
    const { end } = await carryOut(await planned(backup), here());
    return { taken: end.ok, text: end.text };
  } catch (error) {
    // it cannot even be planned
    if (error instanceof OpError) return { taken: false, text: error.message };
    throw error;
  }
}

test.each(ARCHIVES.filter(([name]) => CHOSEN.length === 0 || CHOSEN.includes(name)))(
  'one altered byte of an archive is loaded by nothing: %s',
  async (name) => {
    const backup = made.get(name);
    if (backup?.manifest === undefined) throw new Error('It was not made');
    const at = random(20_261_128);
    const taken: string[] = [];
    const unexplained: string[] = [];
    let tried = 0;
    for (let place = 0; place < PLACES; place++) {
      for (const way of WAYS) {
        const { where, undo } = flipIn(backup, at);
        const { taken: loaded, text } = await attempt(way, backup);
        tried++;
        if (loaded) taken.push(`${way[0]}: ${where}`);
        // what cannot be read any more says so itself
        else if (!/checksum|damaged|cannot be read|no backup/.test(text))
          unexplained.push(`${way[0]}: ${where}: ${text}`);
        undo();
      }
      expect(await databasesLike(`${db.database}_`)).toEqual([]);
      expect(await look()).toEqual(contents);
    }
    if (PLACES > 1) console.log(`${name}: ${tried} tried, ${taken.length} taken`);
    expect(taken).toEqual([]);
    expect(unexplained).toEqual([]);
    expect((await findBackup(join(home, 'backups'), backup.id)).status).toBe('ok');
  },
);

test('each of those ways loads it when nothing was altered', async () => {
  const backup = made.get('custom none');
  if (backup === undefined) throw new Error('It was not made');
  const way = (name: string) => WAYS.find(([one]) => one === name) as Way;
  for (const name of [
    '--into',
    'drill',
    'drill beside',
    '--table --mode merge',
    '--table of one that is gone',
  ])
    expect(await attempt(way(name), backup)).toMatchObject({ taken: true });
  await dropLike(`${db.database}_`);
});
