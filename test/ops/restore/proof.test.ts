import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { verify } from '../../../src/ops/backups/verify.ts';
import { findClients } from '../../../src/ops/clients/programs.ts';
import type { StepIo } from '../../../src/ops/operation.ts';
import { type Backup, findBackup, lastProven } from '../../../src/ops/repository/repository.ts';
import { besideServer } from '../../../src/ops/restore/proof/beside.ts';
import { examine } from '../../../src/ops/restore/proof/examine.ts';
import { proveRestorable } from '../../../src/ops/restore/proof.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { everything } from '../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from '../run/stage.ts';
import { backedUp, contextIn, databasesLike, inDatabase } from './stage.ts';

const home = temporaryDirectory();
const { bin } = inject('postgres');
const servers = join(home, 'tmp');
let db: TestDatabase;
let made: Backup;

beforeAll(async () => {
  mkdirSync(servers);
  // the server's user has to get there
  for (const directory of [home, servers]) chmodSync(directory, 0o755);
  vi.stubEnv('TMPDIR', servers);
  db = await testDatabase();
  await inDatabase(db.database, async (session) => {
    await everything(session);
    await session.sql(
      `CREATE ROLE ${db.database}_clerk; GRANT SELECT ON app.customers TO ${db.database}_clerk`,
    );
  });
  const context = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  made = await backedUp(context);
  await context.close();
  // the roles and the server of the backup need not be there any more
  await inDatabase(db.database, (session) =>
    session.sql(`DROP OWNED BY ${db.database}_clerk; DROP ROLE ${db.database}_clerk`),
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await db.drop();
});

/** Runs something as the one step of a run. */
async function inRun<T>(work: (io: StepIo) => Promise<T>, target = db.target()): Promise<T> {
  const context = contextIn(target, home);
  let answer: { value: T } | undefined;
  const { end } = await carryOut(
    planOf([
      step('prove', async (io) => {
        answer = { value: await work(io) };
      }),
    ]),
    context,
  );
  if (answer === undefined) throw new Error(end.text);
  return answer.value;
}

/** What throwaway servers have left where they are made. */
const serversLeft = () => readdirSync(servers).filter((name) => name.startsWith('pgdeck-'));

test('a throwaway server without a port proves it, and the backup says so', async () => {
  // nothing of the server that was dumped is needed
  const context = contextIn({ ...serverTarget(), host: '/nowhere' }, home);
  const plan = await verify.plan(verify.input.parse({ id: made.id, level: 'restore' }), context);
  const { end, events } = await carryOut(plan, context);
  expect(end).toMatchObject({ ok: true });
  const proven = lastProven(await findBackup(join(home, 'backups'), made.id));
  expect(proven?.detail).toMatch(
    /^Restored into a throwaway PostgreSQL \d+\.\d+ in \d+\.\d s: .* rows in \d+ tables, as many as the backup counted\./,
  );
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'result', table: expect.objectContaining({ title: 'Verified' }) }),
  );
  expect(serversLeft()).toEqual([]);
});

test('without a server program a temporary database is used, and removed', async () => {
  const answer = await inRun(async (io) => {
    const context = contextIn(db.target(), home);
    const { clients } = await findClients(
      context,
      { major: made.manifest ? Number.parseInt(made.manifest.server.version, 10) : 0, version: '' },
      ['pg_restore'],
    );
    const place = await besideServer(io, context, await examine(io, context, clients, made));
    if (!place.ok) throw new Error(place.why);
    return place.use(async ({ load, compare }) => {
      const during = await databasesLike(`${db.database}__verify_`);
      await load(io);
      return { during, ...(await compare(io)) };
    });
  });
  expect(answer).toMatchObject({ ok: true });
  expect(answer.during).toHaveLength(1);
  expect(await databasesLike(`${db.database}__verify_`)).toEqual([]);
});

test('counts that differ, and archives that are cut off, are told and not thrown', async () => {
  const lying = structuredClone(made);
  const table = lying.manifest?.tables.find(({ name }) => name === 'customers');
  if (table) table.rows = 199;
  const context = contextIn(db.target(), home);
  const { clients } = await findClients(context, { major: 13, version: '13' }, ['pg_restore']);
  const differs = await inRun((io) => proveRestorable(io, context, clients, lying));
  expect(differs).toMatchObject({ ok: false, level: 'restore' });
  expect(differs.detail).toContain('app.customers has 200 rows instead of 199');

  mkdirSync(join(home, 'cut'));
  const cut = join(home, 'cut', 'cut.dump');
  copyFileSync(made.archive, cut);
  truncateSync(cut, statSync(cut).size - 2_000);
  const half = await inRun((io) => proveRestorable(io, context, clients, { ...made, archive: cut }));
  expect(half.ok).toBe(false);
  expect(half.detail).toMatch(/^It does not restore into a throwaway .*pg_restore failed/s);
  expect(serversLeft()).toEqual([]);
});

test('a file that pgdeck did not make is compared with what it holds', async () => {
  const { host, port } = serverTarget();
  const file = join(home, 'foreign.sql');
  execFileSync(join(bin, 'pg_dump'), [
    '-h',
    host,
    '-p',
    String(port),
    '-U',
    'postgres',
    '-f',
    file,
    db.database,
  ]);
  const foreign = await findBackup('/nowhere', file);
  const context = contextIn(db.target(), home);
  const { detail, ok } = await inRun((io) => proveRestorable(io, context, undefined, foreign));
  expect(detail).toContain('as many as the archive holds');
  expect(ok).toBe(true);
});
