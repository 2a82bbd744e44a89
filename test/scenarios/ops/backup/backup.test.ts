import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../../../src/ops/backup/operation.ts';
import { fieldsOf } from '../../../../src/ops/engine/fields.ts';
import type { RawInput } from '../../../../src/ops/engine/operation.ts';
import { lastVerified, listBackups } from '../../../../src/ops/repository/repository.ts';
import {
  complaints,
  contextFor,
  entries,
  inRestored,
  onlyBackup,
  planBackup,
  withAdmin,
} from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { everything, rowCounts } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let before: Map<string, number>;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await everything(session);
  before = await rowCounts(session);
});
afterAll(() => db.drop());

describe.each([
  ['custom', {}, 'dump'],
  ['directory', { jobs: 2 }, 'dir'],
  ['plain', {}, 'sql.gz'],
  ['plain', { compress: 'zstd:3' }, 'sql.zst'],
  ['plain', { compress: 'none' }, 'sql'],
])('%s %j', (format, more, ending) => {
  test('holds everything, counted, and restores as it was', async () => {
    const repository = join(home, `${format}-${ending}`);
    const context = contextFor(db.target(), home);
    const plan = await planBackup(context, { format, dir: repository, ...more });
    expect(complaints(plan)).toEqual([]);
    const { end, events } = await carryOut(plan, context);
    expect(end.text).toBe(`Back up ${db.database}: done.`);

    const made = await onlyBackup(repository);
    expect(entries(repository)).toEqual([made.id]);
    expect(made.archive).toBe(join(made.path, `${made.id}.${ending}`));
    expect(end.undo).toBe(`pgdeck backups delete ${made.id} --dir ${repository}`);
    expect(made.status).toBe('ok');
    const { manifest } = made;
    if (manifest === undefined) throw new Error();
    const counted = new Map(
      manifest.tables.filter((t) => t.rows !== null).map((t) => [`${t.schema}.${t.name}`, t.rows]),
    );
    expect(counted).toEqual(before);
    expect(manifest.large_objects).toBe(12);
    expect(lastVerified(made)?.level).toBe('counts');
    // every byte is its owner's only
    expect(statSync(made.path).mode & 0o777).toBe(0o700);
    for (const file of manifest.files) expect(statSync(join(made.path, file.path)).mode & 0o777).toBe(0o600);
    expect(events.some((event) => event.type === 'result')).toBe(true);

    await inRestored(made, async (session) => {
      expect(await rowCounts(session)).toEqual(before);
      const [large] = await session.sql('SELECT count(*)::int AS n FROM pg_largeobject_metadata');
      expect(large?.n).toBe(12);
    });
  });
});

test('the name in the plan is the one that is made, later too, and beside one that has it', async () => {
  const repository = join(home, 'names');
  let now = new Date(2026, 10, 28, 12, 0, 0);
  const context = { ...contextFor(db.target(), home), now: () => now };
  const made: string[] = [];
  for (const expected of ['20261128_120000', '20261128_120000-2']) {
    const plan = await planBackup(context, { dir: repository });
    const { preview } = plan.steps.at(-1) ?? { preview: '' };
    now = new Date(now.getTime() + 90_000);
    const { end } = await carryOut(plan, context);
    now = new Date(2026, 10, 28, 12, 0, 0);
    made.push(String(end.undo).split(' ')[3] ?? '');
    expect(preview).toContain(`to ${join(repository, made.at(-1) ?? '')}`);
    expect(made.at(-1)).toBe(`${db.database}_${expected}`);
  }
  expect((await listBackups(repository)).map(({ id }) => id).sort()).toEqual(made);
});

test('the manifest says what a restore needs', async () => {
  const repository = join(home, 'facts');
  const context = contextFor(db.target(), home);
  const { end } = await carryOut(
    await planBackup(context, { dir: repository, label: 'before a restore of these tables' }),
    context,
  );
  expect(end.ok).toBe(true);
  const { manifest } = await onlyBackup(repository);
  const [row] = await withAdmin((admin) =>
    admin.sql('SELECT system_identifier::text AS id FROM pg_control_system()'),
  );
  expect(manifest).toMatchObject({
    label: 'before a restore of these tables',
    safety: false,
    run: end.run,
    scope: 'full',
    format: 'custom',
    compress: 'gzip:1',
    globals: 'globals.sql',
    server: { system_identifier: row?.id, standby: false },
    database: { name: db.database, encoding: 'UTF8', owner: 'postgres' },
    pinned: false,
  });
  expect(manifest).toMatchObject({
    extensions: expect.arrayContaining([expect.objectContaining({ name: 'citext' })]),
    roles: expect.arrayContaining(['postgres']),
    sequences: expect.arrayContaining([{ schema: 'app', name: 'ticket', last_value: expect.any(String) }]),
  });
  const { properties } = (manifest as { database?: { properties: string[] } }).database ?? { properties: [] };
  expect(properties.join('\n')).toContain('app.tenant');
});

test('read-only mode is no obstacle: a backup only reads', async () => {
  const repository = join(home, 'read-only');
  const context = contextFor(db.target(), home, { readOnly: true });
  const { end } = await carryOut(await planBackup(context, { dir: repository, schema_only: true }), context);
  expect(end.text).toBe(`Back up ${db.database}: done.`);
});

test('older backups go by the rule, once the new one is there; another one without it', async () => {
  const repository = join(home, 'kept');
  const plain = contextFor(db.target(), home);
  const context = { ...plain, backup: { ...plain.backup, keep: 'last 1' } };
  const backUp = async () =>
    carryOut(await planBackup(context, { dir: repository, schema_only: true }), context);
  const first = await backUp();
  expect(first.run?.steps.map(({ id }) => id)).toEqual([
    'snapshot',
    'dump',
    'verify',
    'publish',
    'retention',
  ]);
  const [one] = await listBackups(repository);
  const second = await backUp();
  expect([first.end.ok, second.end.ok]).toEqual([true, true]);
  const left = await listBackups(repository);
  expect(left.length).toBe(1);
  expect(left[0]?.id).not.toBe(one?.id);
  const broken = { ...plain, backup: { ...plain.backup, keep: 'everything' } };
  await expect(planBackup(broken, { dir: repository })).rejects.toThrow(/no rule for what to keep/);
});

test('timeouts of the database do not end it', async () => {
  const settings = ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'];
  const set = (how: string) =>
    withAdmin(async (admin) => {
      for (const one of settings) await admin.sql(`ALTER DATABASE ${db.database} ${how.replace('$', one)}`);
    });
  await set("SET $ = '1ms'");
  try {
    const repository = join(home, 'timeouts');
    const context = contextFor(db.target(), home);
    const { end } = await carryOut(await planBackup(context, { dir: repository }), context);
    expect(end.text).toBe(`Back up ${db.database}: done.`);
  } finally {
    await set('RESET $');
  }
});

test('what can be chosen is offered, and is what can be typed', async () => {
  const context = contextFor(db.target(), home);
  const choices = (id: string, raw: RawInput = {}) =>
    fieldsOf(backup)
      .find((field) => field.id === id)
      ?.choices?.(context, raw) ?? Promise.resolve([]);
  expect(await choices('database')).toContainEqual({ value: db.database, hint: expect.stringMatching(/B$/) });
  const tables = await choices('table');
  expect(tables.map(({ value }) => value)).toContain('"混合 Schéma"."用户 表"');
  const plan = await planBackup(context, { table: tables.map(({ value }) => value), dir: home });
  expect(plan.facts.find(({ label }) => label === 'Chosen')?.value.split(', "').length).toBeGreaterThan(10);
  const schemas = (await choices('schema')).map(({ value }) => value);
  expect(schemas).toEqual(expect.arrayContaining(['app', 'public', '混合 Schéma']));
});
