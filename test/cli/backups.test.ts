import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { partialDirectory, publish } from '../../src/ops/repository/publish.ts';
import { manifestOf } from '../ops/repository/stage.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const repository = join(home, 'backups');
const env = cleanEnvironment(home, { BACKUP_DIR: repository });
const run = (...args: string[]) => pgdeckHere(['backups', ...args], env);

const VERIFICATIONS = [
  { level: 'decode', at: '2026-01-02T03:05:00.000Z', ok: true, detail: 'Decoded to its end.' },
  { level: 'restore', at: '2026-01-03T00:00:00.000Z', ok: true, detail: 'Restored; 2 tables agree.' },
  { level: 'checksum', at: '2026-01-04T00:00:00.000Z', ok: true, detail: 'The bytes are as written.' },
] as const;

beforeAll(async () => {
  const id = 'shop_20260102_030405';
  const partial = await partialDirectory(repository, id, 'run');
  writeFileSync(join(partial.path, 'x.dump'), 'PGDMP');
  const manifest = manifestOf(partial, {
    created_at: '2026-01-02T03:04:05.000Z',
    verifications: [...VERIFICATIONS],
    label: 'before \u001b[31mthe upgrade',
  });
  await publish(partial, manifest);
  writeFileSync(join(repository, 'old_20250101_000000.sql'), '--\n-- PostgreSQL database dump\n--\n');
});

test('list: one object, newest first, as scripts rely on it', async () => {
  const { code, stdout, stderr } = await run('list', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { backups } = JSON.parse(stdout);
  expect(backups).toHaveLength(2);
  expect(backups[0]).toEqual({
    id: 'shop_20260102_030405',
    database: 'shop',
    created_at: '2026-01-02T03:04:05.000Z',
    format: 'custom',
    scope: 'full',
    bytes: expect.any(Number),
    status: 'ok',
    safety: false,
    verified: { level: 'checksum', at: '2026-01-04T00:00:00.000Z' },
    copied: null,
    path: join(repository, 'shop_20260102_030405'),
  });
  expect(backups[1]).toMatchObject({ id: 'old_20250101_000000.sql', scope: null, verified: null });
});

test('list for people says when each was last proven restorable, and its label; it is what backups does alone', async () => {
  const { stdout } = await run();
  expect(stdout).toMatch(
    /^ID +DATABASE +CREATED +FORMAT +SCOPE +SIZE +STATUS +SAFETY +LAST PROVEN RESTORABLE +LABEL\n/,
  );
  expect(stdout).toMatch(/shop_20260102_030405 +shop .* ok +- +2026-01-03 00:00:00 +before the upgrade\n/);
  expect(stdout).toMatch(/old_20250101_000000\.sql .* foreign +- +- +-\n/);
});

test('show: what it holds and how it was verified', async () => {
  const { code, stdout } = await run('show', 'shop_2026');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^last verified +checksum, 2026-01-04 00:00:00$/m);
  expect(stdout).toMatch(/^last proven restorable +2026-01-03 00:00:00$/m);
  expect(stdout).toContain('Restored; 2 tables agree.');
  expect(stdout).toMatch(/^label +before the upgrade$/m);
  const { backup } = JSON.parse((await run('show', 'shop_20260102_030405', '--json')).stdout);
  expect(backup).toMatchObject({
    id: 'shop_20260102_030405',
    proven: { level: 'restore', at: '2026-01-03T00:00:00.000Z' },
    manifest: { run: expect.any(String) },
  });
  const foreign = await run('show', join(repository, 'old_20250101_000000.sql'));
  expect([foreign.code, foreign.stdout]).toEqual([0, expect.stringContaining('not made by pgdeck')]);
});

test.each([
  [['show', 'nope'], 2, /There is no backup nope/],
  [['show'], 2, /backups show needs <id>: as backups list has it, or a path\./],
  [['shwo'], 2, /There is no command "backups shwo"\. Did you mean pgdeck backups show\?/],
])('%j: exit %i', async (args, expected, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toMatch(message);
});

test('a repository that is empty says how to fill it; --dir names another', async () => {
  const empty = join(home, 'empty');
  mkdirSync(empty);
  expect(await run('list', '--dir', empty)).toEqual({
    code: 0,
    stdout: '',
    stderr: `There is no backup in ${empty}. Make one: pgdeck backup\n`,
  });
  expect((await run('list', '--dir', empty, '--json')).stdout).toBe('{"backups":[]}\n');
});

test('copies elsewhere are listed as they are there, and the list of here says what was last seen', async () => {
  const away = join(home, 'away');
  const settings = join(home, 'settings.json');
  mkdirSync(away);
  const remote = { kind: 'directory', path: away };
  writeFileSync(
    settings,
    JSON.stringify({ profiles: { shop: { backup: { directory: repository, remote } } } }),
  );
  const of = (...args: string[]) => run(...args, '--config', settings, '--profile', 'shop');
  expect((await run('list', '--remote')).stderr).toMatch(/^pgdeck: No place for copies is set up\./);
  const none = await of('list', '--remote');
  expect([none.code, none.stdout, none.stderr]).toEqual([
    0,
    '',
    expect.stringContaining(`There are no copies in ${away}. Make one: pgdeck`),
  ]);
  const pushed = await of('push', 'shop_20260102_030405');
  expect(pushed.code, pushed.stderr).toBe(0);
  expect(pushed.stderr).toMatch(/the first copy there.*--remote --level restore/);
  expect((await of('list')).stdout).toMatch(/ LAST PROVEN RESTORABLE +COPIED +LABEL\n/);
  const { backups: here } = JSON.parse((await of('list', '--json')).stdout);
  expect(here[0]).toMatchObject({ copied: { store: away, at: expect.any(String) } });
  expect(here[1]).toMatchObject({ copied: null });
  expect((await of('show', 'shop_2026')).stdout).toMatch(new RegExp(`^copied +.*, to ${away}$`, 'm'));
  // one that was begun, and what others keep there
  for (const name of ['begun', 'photos']) {
    mkdirSync(join(away, name));
    writeFileSync(join(away, name, 'x.dump'), 'x');
  }
  writeFileSync(join(away, 'begun', '.pgdeck-begun'), '');
  const listed = await of('list', '--remote');
  expect(listed.stdout).toMatch(/^ID +DATABASE +CREATED +COPIED +SCOPE +SIZE +ENCRYPTED +VERIFIED +PINNED\n/);
  expect(listed.stdout).toMatch(/\nshop_20260102_030405 +shop .* no +yes +-\n$/);
  expect(listed.stdout).not.toContain('begun');
  expect(listed.stderr).toContain(`1 copy in ${away} was never finished`);
  const { store, backups } = JSON.parse((await of('list', '--remote', '--json')).stdout);
  expect([store, backups.length]).toEqual([away, 1]);
  expect(backups[0]).toMatchObject({ id: 'shop_20260102_030405', encrypted: false, verified: true });
});
