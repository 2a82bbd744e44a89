import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RemoteSettings } from '../../../src/config/remote.ts';
import { restore } from '../../../src/ops/away/restore.ts';
import { verify } from '../../../src/ops/away/verify.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { sentenceOf } from '../../../src/ops/error.ts';
import { push } from '../../../src/ops/remote/push/push.ts';
import { listBackups } from '../../../src/ops/repository/repository.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf } from '../engine/run/stage.ts';
import { backedUp, dropLike, inDatabase } from '../restore/stage.ts';

const home = temporaryDirectory();
const identity = await generateX25519Identity();
const remote: RemoteSettings = {
  kind: 'directory',
  path: join(home, 'away'),
  recipients: [await identityToRecipient(identity)],
};
const [right, wrong] = [join(home, 'right'), join(home, 'wrong')];

let db: TestDatabase;
let context: OpContext;
let id: string;

beforeAll(async () => {
  db = await testDatabase();
  mkdirSync(join(home, 'away'));
  writeFileSync(right, `${identity}\n`);
  writeFileSync(wrong, `${await generateX25519Identity()}\n`);
  await inDatabase(db.database, (session) =>
    session.sql('CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 500) g'),
  );
  context = contextOf(db.target(), home, {
    env: { BACKUP_DIR: join(home, 'backups') },
    more: { backup: { remote } },
  });
  id = (await backedUp(context)).id;
  const { end } = await carryOut(await push.plan(push.input.parse({ id }), context), context);
  if (!end.ok) throw new Error(end.text);
  // this machine has lost it
  renameSync(join(home, 'backups', id), join(home, 'lost'));
  await inDatabase(db.database, (session) => session.sql('DELETE FROM t WHERE id > 100'));
});
afterAll(async () => {
  await context?.close();
  await db?.drop();
  await dropLike(`${db.database}_`);
});

const plan = (input: Record<string, unknown>) =>
  restore.plan(restore.input.parse({ backup: id, remote: true, ...input }), context);
const proof = (input: Record<string, unknown>) =>
  verify.plan(verify.input.parse({ id, remote: true, ...input }), context);
const rows = async (database = db.database) =>
  inDatabase(database, async (session) => (await session.sql('SELECT count(*)::int AS n FROM t'))[0]?.n);
const listed = async () => (await listBackups(join(home, 'backups'))).map((one) => one.id);

describe('before anything is fetched', () => {
  test('an identity that is missing is a sentence with a next step', async () => {
    const error = await plan({}).catch((thrown: unknown) => thrown);
    expect(sentenceOf(error)).toBe(
      `${id} is encrypted, and no identity was given. Give it: --identity FILE, PGDECK_AGE_IDENTITY, or "identity_file" in the profile.`,
    );
  });

  test('and so is a wrong one, or a file that is not there', async () => {
    const other = await plan({ identity: wrong }).catch((thrown: unknown) => thrown);
    expect(sentenceOf(other)).toContain('is encrypted for others than the identity that was given.');
    const none = await plan({ identity: `${right}-none` }).catch((thrown: unknown) => thrown);
    expect(sentenceOf(none)).toBe(
      `There is no file ${right}-none, which should have the identity. Name the file that has it: --identity FILE.`,
    );
  });

  test('and so is a disk that is not there', async () => {
    renameSync(join(home, 'away'), join(home, 'pulled'));
    const gone = await plan({ identity: right }).catch((thrown: unknown) => thrown);
    mkdirSync(join(home, 'away'));
    const empty = await plan({ identity: right }).catch((thrown: unknown) => thrown);
    renameSync(join(home, 'pulled'), join(home, 'away'));
    expect(sentenceOf(gone)).toBe(
      `${join(home, 'away')} is not there: the disk may not be mounted. Mount it, or make the directory.`,
    );
    expect(sentenceOf(empty)).toContain('has no .pgdeck-copies, which the first copy has left there');
    expect(await listed()).toEqual([]);
  });
});

test('the newest copy of a verified backup of this database is found by that word', async () => {
  const found = await plan({ backup: 'newest', identity: right });
  expect(found.facts).toContainEqual({ label: 'From', value: `${join(home, 'away')}/${id}` });
  expect((await proof({ id: 'newest', identity: right })).subject).toBe(id);
  const other = { ...context, target: { ...context.target, database: 'of_others' } };
  const input = restore.input.parse({ backup: 'newest', remote: true, identity: right });
  const error = await restore.plan(input, other).catch((thrown: unknown) => thrown);
  expect(sentenceOf(error)).toBe(
    `${join(home, 'away')} has no copy of a verified backup of all of of_others. See what there is with: pgdeck backups list --remote`,
  );
});

test('the copy is read back, and restored into a throwaway server; nothing of it is kept', async () => {
  for (const level of ['checksum', 'counts', 'restore']) {
    const { end, events } = await carryOut(await proof({ identity: right, level }), context);
    expect(end, end.text).toMatchObject({ ok: true });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'result',
        table: expect.objectContaining({
          columns: ['Level', 'Held', 'Found'],
          rows: [[level, 'yes', expect.any(String)]],
        }),
      }),
    );
  }
  expect(readdirSync(join(home, 'backups')).filter((name) => !name.startsWith('.'))).toEqual([]);
});

test('it is restored beside the database, and in its place, from where it went; that is taken back', async () => {
  const into = `${db.database}_copy`;
  const beside = await plan({ into, identity: right });
  expect(beside).toMatchObject({
    subject: into,
    danger: 'type-name',
    undo: { command: `pgdeck db drop ${into}` },
  });
  const first = await carryOut(beside, context);
  expect(first.end, first.end.text).toMatchObject({ ok: true, undo: `pgdeck db drop ${into}` });
  expect([await rows(into), await rows()]).toEqual([500, 100]);
  expect(await listed()).toEqual([id]);

  const again = await plan({ identity: right });
  expect(again.checks).toContainEqual(expect.objectContaining({ title: 'Here', status: 'warn' }));
  const { end } = await carryOut(again, context);
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
  expect(await rows()).toBe(500);
  const back = await carryOut(await undo.plan(undo.input.parse({ run: end.run }), context), context);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await rows()).toBe(100);
});

test('where only what is temporary has room it comes there, and nothing of it is kept', async () => {
  const repository = join(home, 'backups');
  const before = readdirSync(repository).sort();
  const { here } = context;
  const free = async (path: string) => (path.startsWith(repository) ? 1 : 2 ** 40);
  const tight = { ...context, here: { ...here, files: { ...here.files, free } } };
  const into = `${db.database}_tight`;
  const input = restore.input.parse({ backup: id, remote: true, identity: right, into });
  const found = await restore.plan(input, tight);
  expect(found.steps.map((step) => step.id)).toEqual(['restore']);
  expect(found.checks[0]).toMatchObject({
    ...{ title: 'Room', status: 'warn' },
    detail: expect.stringContaining('and is removed at the end'),
  });
  const { end } = await carryOut(found, tight);
  expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck db drop ${into}` });
  expect(await rows(into)).toBe(500);
  expect(readdirSync(repository).sort()).toEqual(before);

  const none = { ...here, files: { ...here.files, free: async () => 1 } };
  const blocked = await restore.plan(input, { ...context, here: none });
  expect(blocked.checks[0]).toMatchObject({ title: 'Room', status: 'block' });
});

test('what blocks the restore itself leaves the fetched backup, and says how it goes on', async () => {
  const { end } = await carryOut(await plan({ table: ['nothing_of_it'], identity: right }), context);
  expect(end.ok).toBe(false);
  expect(end.text).toContain('nothing_of_it');
  expect(end.text).toMatch(/is in .*backups, whole\..*pgdeck restore \S+ --table nothing_of_it/s);
  expect(await rows()).toBe(100);
  expect(serverTarget().port).toBe(db.target().port);
});

test('the form offers what is there, and the tables of the copy that was chosen', async () => {
  const given = { backup: id, remote: true, identity: right };
  expect(await restore.fields.backup?.choices?.(context, given)).toEqual([
    { value: id, hint: expect.stringMatching(new RegExp(`^${db.database}, .*, encrypted$`)) },
  ]);
  expect(await restore.fields.table?.choices?.(context, given)).toEqual([
    { value: 'public.t', hint: '500 rows' },
  ]);
  expect(Object.keys(restore.fields).slice(0, 3)).toEqual(['backup', 'remote', 'identity']);
});
