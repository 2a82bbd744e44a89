import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { local } from '../../../../src/hosts/local.ts';
import { BackupBytes } from '../../../../src/ops/archive/bytes/bytes.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { clientEnvironment } from '../../../../src/ops/programs/environment.ts';
import type { Clients } from '../../../../src/ops/programs/programs.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { runPass } from '../../../../src/ops/restore/tables/rows/run.ts';
import { verify } from '../../../../src/ops/verify/verify.ts';
import { flip } from '../../../ops/archive/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  backedUp,
  blocks,
  contextIn,
  databasesLike,
  dropLike,
  inDatabase,
  planRestore,
  restored,
} from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const repository = join(home, 'backups');
let db: TestDatabase;
let context: OpContext;

const word = (database = db.database) =>
  inDatabase(
    database,
    async (session) => (await session.sql('SELECT word FROM items WHERE id = 7'))[0]?.word,
  );

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(
      `DROP EXTENSION pg_stat_statements; CREATE TABLE items (id int PRIMARY KEY, word text);
       INSERT INTO items SELECT n, 'number ' || n FROM generate_series(1, 20) n`,
    ),
  );
});
beforeEach(() => {
  context = contextIn(db.target(), home);
  rmSync(repository, { recursive: true, force: true });
});
afterAll(async () => {
  await dropLike(`${db.database}_`);
  await db.drop();
});

const plain = (input: Record<string, unknown> = {}) => backedUp(context, { compress: 'none', ...input });

/** As it is now. */
const again = (backup: Backup) => findBackup(repository, backup.id);

/** "number 7" becomes "oumber 7": it loads as well as ever. */
const damage = (backup: Backup) => flip(backup.archive, 'number 7');

test('found by a restore, it is noted, blocks, and is restored all the same by whoever names the backup', async () => {
  const backup = await plain();
  damage(backup);
  const { end } = await restored(context, { backup: 'newest' });
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toMatch(/is damaged: .*\.dump was changed: .* Nothing was touched\. .*--accept-damaged/);
  expect(await word()).toBe('number 7');
  expect((await again(backup)).status).toBe('damaged');

  for (const way of [{}, { in_place: true }, { into: `${db.database}_copy` }, { table: ['items'] }])
    expect(blocks(await planRestore(context, { backup: backup.id, ...way }))).toEqual([
      expect.stringMatching(/is damaged\. .* was changed: .*--accept-damaged/),
    ]);
  const wrong = await planRestore(context, { backup: backup.id, accept_damaged: 'yes' });
  expect(blocks(wrong)).toEqual([expect.stringContaining('--accept-damaged names yes, and this is')]);

  const accepted = { backup: backup.id, accept_damaged: backup.id };
  const into = `${db.database}_copy`;
  const copy = await restored(context, { ...accepted, into });
  expect(copy.end, copy.end.text).toMatchObject({ ok: true });
  expect(copy.plan.checks).toContainEqual(
    expect.objectContaining({
      status: 'warn',
      detail: expect.stringMatching(/ was changed: .* values may be wrong/),
    }),
  );
  expect(copy.plan.facts).toContainEqual({ label: 'Damaged', value: expect.stringContaining('was changed') });
  expect(await word(into)).toBe('oumber 7');
  expect((await again(backup)).status).toBe('damaged');
  await dropLike(`${db.database}_`);
});

test('it is restored all the same with chosen tables and as a whole, and undone', async () => {
  const backup = await plain();
  damage(backup);
  const accepted = { backup: backup.id, accept_damaged: backup.id, no_safety_backup: true };
  // nothing was noted yet: the plan finds it itself
  const tables = await restored(context, { ...accepted, table: ['items'], mode: 'merge' });
  expect(tables.end, tables.end.text).toMatchObject({ ok: true });
  expect(await word()).toBe('oumber 7');
  await inDatabase(db.database, (session) => session.sql("UPDATE items SET word = 'number 7' WHERE id = 7"));
  const whole = await restored(context, accepted);
  expect(whole.end, whole.end.text).toMatchObject({ ok: true });
  expect(await word()).toBe('oumber 7');
  await inDatabase(db.database, (session) => session.sql("UPDATE items SET word = 'number 7' WHERE id = 7"));
  await dropLike(`${db.database}_`);
});

test('one in which nothing is damaged is not accepted as damaged', async () => {
  const backup = await plain();
  const plan = await planRestore(context, { backup: backup.id, accept_damaged: backup.id });
  expect(blocks(plan)).toEqual([expect.stringContaining('Nothing is known to be damaged')]);
});

test('what was found by checksum is lifted by no test restore, and by the next checksum that holds', async () => {
  const backup = await plain();
  const run = async (level: string) => {
    const { end, events } = await carryOut(
      await verify.plan(verify.input.parse({ id: backup.id, level }), context),
      context,
    );
    return { ok: end.ok, lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])) };
  };
  damage(backup);
  expect((await run('checksum')).ok).toBe(false);
  expect((await run('restore')).ok).toBe(false);
  expect((await again(backup)).status).toBe('damaged');
  const whole = readFileSync(backup.archive);
  writeFileSync(
    backup.archive,
    Buffer.from(whole.toString('latin1').replace('oumber 7', 'number 7'), 'latin1'),
  );
  const drill = await run('restore');
  expect(drill).toMatchObject({
    ok: true,
    lines: expect.arrayContaining([expect.stringContaining('--level checksum')]),
  });
  expect((await again(backup)).status).toBe('damaged');
  const sums = await run('checksum');
  expect(sums).toMatchObject({ ok: true, lines: [expect.stringContaining('is good again')] });
  expect((await again(backup)).status).toBe('ok');
});

test('changed between the check and the load, it is not taken, though its size and time are the same', async () => {
  const backup = await plain();
  const plan = await planRestore(context, { backup: backup.id, no_safety_backup: true });
  const before = new Date(Date.now() - 60_000);
  utimesSync(backup.archive, before, before);
  const again = await planRestore(context, { backup: backup.id, no_safety_backup: true });
  const steps = again.steps.map((step) => ({
    ...step,
    run: async (io: Parameters<typeof step.run>[0]) => {
      await step.run(io);
      if (step.id !== 'create') return;
      damage(backup);
      utimesSync(backup.archive, before, before);
    },
  }));
  for (const one of [plan, { ...again, steps }]) {
    const { end } = await carryOut(one, context);
    expect(end.text).toMatch(/\.dump was changed while it was read/);
  }
  expect(await word()).toBe('number 7');
  expect(await databasesLike(`${db.database}_`)).toEqual([]);
});

test('rows of a file that is changed while they are read are not committed', async () => {
  const { archive } = await plain({ format: 'plain' });
  const backup = await findBackup(repository, archive);
  const { bin } = inject('postgres');
  const clients = { host: local, path: (program: string) => join(bin, program) } as unknown as Clients;
  const pass = async (reader: string) =>
    runPass({
      clients,
      env: clientEnvironment(local, db.target(), 'test'),
      database: db.database,
      rows: async () => ({ commands: [{ command: 'sh', args: ['-c', reader, archive] }], files: [archive] }),
      redirects: [
        { place: { raw: 'COPY public.items (id, word) FROM stdin;' }, copy: 'COPY staged FROM stdin;' },
      ],
      bytes: await BackupBytes.of(backup),
      opening: 'BEGIN; CREATE TEMP TABLE pgdeck_seen (n int); CREATE TABLE staged (id int, word text);\n',
      closing:
        "DO $$ BEGIN IF (SELECT count(*) FROM pgdeck_seen) <> 2 THEN RAISE 'not all'; END IF; END $$;\nCOMMIT;\n",
      redact: (text) => text,
    });
  await expect(pass('cat "$0"; printf "" >> "$0"; touch "$0"')).rejects.toMatchObject({
    message: expect.stringMatching(/^Nothing was changed: .* was changed while it was read/),
  });
  const there = () =>
    inDatabase(db.database, (session) => session.sql("SELECT to_regclass('staged') IS NOT NULL AS there"));
  expect(await there()).toEqual([{ there: false }]);
  await pass('cat "$0"');
  expect(await there()).toEqual([{ there: true }]);
  await inDatabase(db.database, (session) => session.sql('DROP TABLE staged'));
});

test('a file that was put beside a recorded one, and would be read in its place, is found', async () => {
  const backup = await plain({ format: 'directory', compress: 'gzip:1' });
  const name = readdirSync(backup.archive).find((one) => /^\d+\.dat\.gz$/.test(one)) ?? '';
  writeFileSync(join(backup.archive, name.replace(/\.gz$/, '')), '7\tnot what was backed up\n\\.\n\n\n');
  const { end } = await restored(context, { backup: backup.id, into: `${db.database}_beside` });
  expect(end.text).toMatch(/does not belong to it, and would be read in its place/);
  expect(await databasesLike(`${db.database}_`)).toEqual([]);
});

test('what has no checksums says so, and a lost manifest does not lose the archive', async () => {
  const backup = await plain();
  const file = join(backup.path, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, files: [] }));
  const into = `${db.database}_copy`;
  const { plan, end } = await restored(context, { backup: backup.id, into });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.checks).toContainEqual(
    expect.objectContaining({ status: 'warn', detail: expect.stringMatching(/^There are no checksums of /) }),
  );
  await dropLike(into);

  writeFileSync(file, '{');
  expect(blocks(await planRestore(context, { backup: backup.id, into }))).toEqual([
    expect.stringMatching(/manifest\.json is damaged.*--accept-damaged/),
  ]);
  const accepted = await restored(context, { backup: backup.id, into, accept_damaged: backup.id });
  expect(accepted.end, accepted.end.text).toMatchObject({ ok: true });
  expect(await word(into)).toBe('number 7');
  await dropLike(into);
});
