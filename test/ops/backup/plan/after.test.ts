import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackupSettings } from '../../../../src/config/settings.ts';
import { backup } from '../../../../src/ops/backup/operation.ts';
import type { StepIo } from '../../../../src/ops/engine/plan.ts';
import { knownOf } from '../../../../src/ops/remote/known/known.ts';
import { reached } from '../../../../src/ops/remote/store/open.ts';
import { DELETING } from '../../../../src/ops/repository/names.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';
import { FaultyS3 } from '../../../support/s3/server.ts';
import { carryOut } from '../../engine/run/stage.ts';
import { CREDENTIALS, contents, listed } from '../../remote/stage.ts';
import { contextFor } from '../stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let at = '';
beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS);
  db = await testDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  at = await mkdtemp(join(home, 'u'));
});

async function backedUp(settings: BackupSettings, input: Record<string, unknown> = {}) {
  const context = contextFor(db.target(), at, {
    env: { BACKUP_DIR: join(at, 'backups') },
    more: { backup: settings },
  });
  const plan = await backup.plan(backup.input.parse(input), context);
  const found = await carryOut(plan, context);
  return { ...found, plan, backups: await listBackups(join(at, 'backups')) };
}

test('a backup is copied once it is made, and what is known of it is noted', async () => {
  const path = join(at, 'disk');
  await mkdir(path);
  const remote = { kind: 'directory', path, after_backup: true } as const;
  const { end, plan, backups } = await backedUp({ remote });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.steps.at(-1)).toMatchObject({
    id: 'copy',
    title: `Copy the backup of ${db.database} to ${path}`,
  });
  const id = backups[0]?.id ?? '';
  expect(await listed(remote)).toEqual({ copies: [id], rest: [] });
  expect(contents(join(path, id))).toMatchObject(contents(join(at, 'backups', id)));
  expect((await knownOf(join(at, 'backups'), remote))?.copies.map((one) => one.id)).toEqual([id]);
});

test('where the profile does not say so nothing is copied', async () => {
  const { plan } = await backedUp({ remote: { kind: 'directory', path: join(at, 'disk') } });
  expect(plan.steps.map(({ id }) => id)).not.toContain('copy');
});

test('a disk that is not there: the backup is good, and the run tells what is missing', async () => {
  const remote = { kind: 'directory', path: join(at, 'away'), after_backup: true } as const;
  const { end, backups, run } = await backedUp({ remote });
  expect(end).toMatchObject({ ok: false, status: 'done' });
  expect(end.text).toMatch(/is made and kept here; its copy was not sent: .*the disk may not be mounted/s);
  expect(end.text).toContain(`pgdeck backups push ${backups[0]?.id}`);
  expect(backups).toMatchObject([{ status: 'ok' }]);
  expect(run).toMatchObject({ status: 'done' });
});

test('several databases: each is copied, and one that fails does not stop the others', async () => {
  const path = join(at, 'disk');
  await mkdir(path);
  const remote = { kind: 'directory', path, after_backup: true } as const;
  const { end, backups } = await backedUp({ remote }, { database: [db.database, 'postgres'] });
  expect(end, end.text).toMatchObject({ ok: true });
  expect((await listed(remote)).copies).toEqual(backups.map(({ id }) => id).sort());
});

test.each([
  ['one database', () => ({})],
  ['several', () => ({ database: [db.database, 'postgres'] })],
])('%s: older ones that cannot be removed do not keep the new one from being copied', async (_, input) => {
  const path = join(at, 'disk');
  await mkdir(path);
  const remote = { kind: 'directory', path, after_backup: true } as const;
  const first = (await backedUp({})).backups[0];
  const context = contextFor(db.target(), at, {
    env: { BACKUP_DIR: join(at, 'backups') },
    more: { backup: { remote, keep: 'last 1' } },
  });
  const plan = await backup.plan(backup.input.parse(input()), context);
  const steps = plan.steps.map((step) => ({
    ...step,
    run: async (io: StepIo) => {
      // nothing can be renamed to what is no directory; before its turn it would be swept
      if (step.id.startsWith('retention')) writeFileSync(`${first?.path}${DELETING}`, '');
      return step.run(io);
    },
  }));
  const { end } = await carryOut({ ...plan, steps }, context);
  const backups = await listBackups(join(at, 'backups'));
  expect(end.ok).toBe(false);
  expect(end.text).toContain('the older ones were not pruned');
  const made = backups.map(({ id }) => id).filter((id) => id !== first?.id);
  expect(made.length).toBeGreaterThan(0);
  expect((await listed(remote)).copies).toEqual(made.sort());
});

test('its exit code tells that only the copy failed, and --json too', async () => {
  const { host, port, user } = db.target();
  const settings = { backup: { remote: { kind: 'directory', path: join(at, 'away'), after_backup: true } } };
  await mkdir(join(at, '.config/pgdeck'), { recursive: true });
  writeFileSync(join(at, '.config/pgdeck/config.json'), JSON.stringify(settings));
  const { code, stdout, stderr } = await pgdeck(
    ['-h', host, '-p', String(port), '-U', user, '-d', db.database, 'backup', '--json'],
    cleanEnvironment(at, { BACKUP_DIR: join(at, 'backups') }),
  );
  expect(code, stdout + stderr).toBe(1);
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
  expect(last).toMatchObject({ type: 'end', ok: false, status: 'done' });
  expect(await listBackups(join(at, 'backups'))).toMatchObject([{ status: 'ok' }]);
});

describe('a command after it', () => {
  test('is told the backup', async () => {
    const told = join(at, 'told');
    const after = `printf '%s ' "$PGDECK_BACKUP_ID" "$PGDECK_BACKUP_PATH" "$PGDECK_BACKUP_DATABASE" > ${told}; ls "$PGDECK_BACKUP_PATH" >> ${told}`;
    const { end, backups, plan } = await backedUp({}, { after });
    expect(end, end.text).toMatchObject({ ok: true });
    expect(plan.steps.at(-1)?.preview).toContain('PGDECK_BACKUP_ID');
    const id = backups[0]?.id ?? '';
    expect(readFileSync(told, 'utf8')).toContain(`${id} ${join(at, 'backups', id)} ${db.database} `);
    expect(readFileSync(told, 'utf8')).toContain('manifest.json');
  });

  test('of the profile, that fails: the backup is good all the same', async () => {
    const { end, backups } = await backedUp({ after_backup: 'echo far away >&2; exit 3' });
    expect(end).toMatchObject({ ok: false, status: 'done', text: expect.stringContaining('far away') });
    expect(backups).toMatchObject([{ status: 'ok' }]);
  });
});

describe('a place that does not answer', () => {
  test('is known by that, and soon', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const remote = { kind: 's3', bucket: 'backups', endpoint: `http://127.0.0.1:${port}` } as const;
    await expect(reached(remote, new AbortController().signal, 300)).rejects.toMatchObject({
      code: 'remote.unreachable',
      message: expect.stringContaining('it has not answered for 0.3s'),
    });
    silent.close();
  });

  test('one that is down or refuses says so, and one that is up nothing', async () => {
    const server = await FaultyS3.start();
    const remote = { kind: 's3', bucket: 'backups', endpoint: server.endpoint } as const;
    await reached(remote, new AbortController().signal);
    server.fault = () => ({ kind: 'status', status: 403, code: 'AccessDenied' });
    await expect(reached(remote, new AbortController().signal)).rejects.toMatchObject({
      code: 'remote.denied',
    });
    await server.stop();
    await expect(reached(remote, new AbortController().signal)).rejects.toMatchObject({
      code: 'remote.unreachable',
    });
  });
});
