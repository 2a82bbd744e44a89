import { chownSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriftLook } from '../../../src/app/outside/drift.ts';
import { outsideFacts } from '../../../src/app/outside/facts.ts';
import { placesOf } from '../../../src/config/runs-on.ts';
import { connect } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import type { Outside } from '../../../src/health/outside.ts';
import type { Host, HostFiles } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { LogHour } from '../../../src/log/hour.ts';
import type { Verification } from '../../../src/ops/repository/manifest.ts';
import { listBackups } from '../../../src/ops/repository/repository.ts';
import { updateManifest } from '../../../src/ops/repository/update.ts';
import { withJob } from '../../../src/ops/schedule/crontab.ts';
import { planBackup, withAdmin } from '../../ops/backup/stage.ts';
import { carryOut, contextOf } from '../../ops/engine/run/stage.ts';
import { type TestDatabase, testDatabase, testServer } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const repository = join(home, 'backups');
const runs = join(home, 'state', 'pgdeck', 'runs');
const env = { HOME: home, XDG_STATE_HOME: join(home, 'state'), BACKUP_DIR: repository };
let db: TestDatabase;
/** The run of the job nightly, which has made the one backup. */
let nightly: string;

beforeAll(async () => {
  db = await testDatabase();
  await withAdmin((admin) => admin.sql('CREATE TABLE t AS SELECT 1 AS id'), db.database);
  const context = contextOf(db.target(), home, { env: { ...env, PGDECK_JOB: 'nightly' } });
  const { run } = await carryOut(await planBackup(context, { no_globals: true }), context);
  nightly = run?.id ?? '';
  await context.close();
});
afterAll(() => db.drop());

/** This machine, with a crontab of the test's. */
const hostWith = (crontab: string | undefined, files: Partial<HostFiles> = {}): Host => ({
  ...local,
  run: async () => {
    if (crontab === undefined) return { exitCode: 1, stdout: '', stderr: 'no crontab for dba' };
    return { exitCode: 0, stdout: crontab, stderr: '' };
  },
  files: { ...local.files, ...files },
});

async function facts(
  more: { host?: Host; target?: Target; env?: object; now?: Date } = {},
): Promise<Outside> {
  const { host = hostWith(undefined), target = db.target(), now } = more;
  const session = await connect({ ...target, host: testServer().host }, 'slow', 'pgdeck-monitor');
  try {
    return await outsideFacts({
      ...{
        session,
        host,
        resolved: { target, backup: {}, schema: {}, runsOn: placesOf() },
        env: { ...env, ...more.env },
      },
      ...{ log: new LogHour(host, 1000), drift: new DriftLook() },
      ...(now && { now: () => now }),
    });
  } finally {
    await session.close();
  }
}

/** Half a day ago, and half a day ahead: cron is given some minutes. */
const at = `30 ${(new Date().getHours() + 12) % 24} * * *`;
const job = (name: string) => ({ name, at, line: 'pgdeck backup' });

test('backups of this database on this server, with when they were verified and proven', async () => {
  const [made] = await listBackups(repository);
  if (made?.manifest === undefined) throw new Error('no backup');
  const at = made.createdAt.getTime();
  const verified = Date.parse(made.manifest.verifications.at(-1)?.at ?? '');
  const fact = { id: made.id, madeAt: at, verifiedAt: verified, provenAt: null };
  expect(await facts()).toMatchObject({ backups: { known: [fact] } });

  const note = (verification: Verification) =>
    updateManifest(made.path, (manifest) => ({
      ...manifest,
      verifications: [...manifest.verifications, verification],
    }));
  await note({ level: 'restore', at: '2026-01-02T03:04:05.000Z', ok: true, detail: '' });
  expect(await facts()).toMatchObject({
    backups: { known: [{ provenAt: Date.parse('2026-01-02T03:04:05Z') }] },
  });

  // a clock that is behind: how old it is, is not known
  expect((await facts({ now: new Date(at - 3_600_000) })).backups).toEqual({ known: [] });
  const other = (change: object) =>
    updateManifest(made.path, (manifest) => ({ ...manifest, server: { ...manifest.server, ...change } }));
  await other({ system_identifier: '1' });
  expect((await facts()).backups).toEqual({ known: [] });
  // some do not say who they are: then their address counts
  await other({ system_identifier: null });
  expect(await facts()).toMatchObject({ backups: { known: [{ id: made.id }] } });
  await other({ address: 'elsewhere:5432' });
  expect((await facts()).backups).toEqual({ known: [] });
  await other(made.manifest.server);

  await note({ level: 'counts', at: new Date().toISOString(), ok: false, detail: 'A row is missing.' });
  expect((await facts()).backups).toEqual({ known: [] });
});

test('a repository that cannot be read, and one that is not there', async () => {
  const file = join(home, 'file');
  writeFileSync(file, '');
  expect((await facts({ env: { BACKUP_DIR: file } })).backups).toEqual({
    unknown: expect.stringContaining(file),
  });
  expect((await facts({ env: { BACKUP_DIR: join(home, 'none') } })).backups).toEqual({ known: [] });
});

test('jobs of this server that ran, were missed, and those of another server', async () => {
  // as if the job had worked with another server
  const copy = join(runs, `${nightly}-b`);
  cpSync(join(runs, nightly), copy, { recursive: true });
  const plan = JSON.parse(readFileSync(join(copy, 'plan.json'), 'utf8'));
  const elsewhere = { id: `${nightly}-b`, job: 'theirs', system_identifier: '1' };
  writeFileSync(join(copy, 'plan.json'), JSON.stringify({ ...plan, ...elsewhere }));

  const crontab = ['nightly', 'theirs', 'drill'].map(job).reduce(withJob, '');
  const { jobs } = await facts({ host: hostWith(crontab) });
  const due = expect.any(Number);
  expect(jobs).toEqual({
    known: [
      { name: 'nightly', state: 'ok', dueAt: due, doneAt: due, run: nightly },
      { name: 'drill', state: 'missed', dueAt: due, doneAt: null, run: null },
    ],
  });
  expect((await facts()).jobs).toEqual({ known: [] });
  const without: Host = { ...local, run: () => local.run('/nowhere/crontab', []) };
  expect((await facts({ host: without })).jobs).toEqual({ known: [] });
  const installed = { operation: 'schedule install', input: { name: 'nightly' } };
  writeFileSync(join(copy, 'plan.json'), JSON.stringify({ ...plan, ...elsewhere, ...installed, job: null }));
  expect((await facts({ host: without })).jobs).toEqual({ unknown: expect.stringContaining('crontab') });
});

test('file systems that the server writes to, each once, and the memory of its machine', async () => {
  const { dataDir } = testServer();
  const { uid, gid, dev } = statSync(dataDir);
  const directory = join(temporaryDirectory(), 'space');
  mkdirSync(directory);
  chownSync(join(directory, '..'), uid, gid);
  chownSync(directory, uid, gid);
  const space = `${db.database}_space`;
  await withAdmin((admin) => admin.sql(`CREATE TABLESPACE ${space} LOCATION '${directory}'`));
  try {
    const { volumes, memory } = await facts();
    const known = 'known' in volumes ? volumes.known : [];
    expect(known.map(({ name }) => name)).toEqual([
      'data directory',
      ...(statSync(directory).dev === dev ? [] : [`tablespace ${space}`]),
    ]);
    for (const { totalBytes, freeBytes } of known) expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    expect(memory).toEqual({ known: expect.any(Number) });
    // by another name of this machine
    expect((await facts({ target: { ...db.target(), host: 'db.example.org' } })).volumes).toEqual({
      // others write meanwhile
      known: known.map((volume) => ({ ...volume, freeBytes: expect.any(Number) })),
    });
  } finally {
    await withAdmin((admin) => admin.sql(`DROP TABLESPACE ${space}`));
  }
});

test('a data directory of this name that is not known to be the server’s tells nothing', async () => {
  const { dataDir } = testServer();
  const reading = (read: HostFiles['read']) => facts({ host: hostWith(undefined, { read }) });
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
  const both = (words: string) => ({
    volumes: { unknown: expect.stringContaining(words) },
    memory: { unknown: expect.stringContaining(dataDir) },
  });
  const old = Buffer.from(`1\n${dataDir}\n1700000000\n${testServer().port}\n`);
  expect(await reading(async () => old)).toMatchObject(both('another server'));
  expect(await reading(failing('ENOENT'))).toMatchObject(both('is not on this machine'));
  expect(await reading(failing('EACCES'))).toMatchObject(both('not readable for this user'));
  // from elsewhere, a directory alike and begun at the same time is not enough
  const lock = readFileSync(join(dataDir, 'postmaster.pid'));
  const read: HostFiles['read'] = async (path) =>
    path.startsWith('/proc/') ? Buffer.from('1 (x) S 1 ') : lock;
  const target = { ...db.target(), host: 'db.example.org' };
  expect(await facts({ target, host: hostWith(undefined, { read }) })).toMatchObject(both('another server'));
  const role = await db.roleWith();
  expect((await facts({ target: db.target(role) })).volumes).toEqual({
    unknown: `The server does not tell this role where its files are: GRANT pg_read_all_settings TO "${role}".`,
  });
});
