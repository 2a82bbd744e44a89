import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { databaseFacts } from '../../../../src/db/queries/database/facts.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { dropLeftover } from '../../../../src/ops/database/drop.ts';
import { findLeftovers } from '../../../../src/ops/database/leftovers.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { undo } from '../../../../src/ops/engine/undo.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { served } from '../../../ops/restore/swap/stage.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

const SHOP = 'the shop 店';
const home = temporaryDirectory();
const repository = join(home, 'backups');

// a server of its own: recover cleans up everything that it finds on one
let cluster: Cluster;
let admin: Session;
let env: Record<string, string>;
let backup: string;

beforeAll(async () => {
  cluster = await throwawayCluster();
  admin = await connect(cluster.target(), 'workload', 'admin');
  await admin.sql(`CREATE DATABASE "${SHOP}"`);
  const shop = await connect(cluster.target({ database: SHOP }), 'workload', 'stage');
  await shop.sql("CREATE TABLE generation AS SELECT 'new'::text AS value");
  // takes as long as the role's setting says when it is restored
  await shop.sql(`CREATE FUNCTION slow(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_catalog.pg_sleep(coalesce(nullif(pg_catalog.current_setting('test.slow', true), ''), '0')::float8);
    RETURN t; END $$`);
  await shop.sql('CREATE INDEX ON generation (slow(value))');
  await shop.sql("SELECT lo_from_bytea(0, 'large')");
  mkdirSync(repository);
  const { host, port } = cluster.target();
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: SHOP,
    BACKUP_DIR: repository,
  });
  const made = await pgdeck(['backup', '--yes'], env);
  expect(made.stderr).not.toMatch(/failed/i);
  [backup = ''] = (await listBackups(repository)).map(({ id }) => id);
  await shop.sql("UPDATE generation SET value = 'old'");
  await shop.close();
});
afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

interface Killed {
  readonly point: string;
  readonly outcome: string;
  readonly left: string;
  readonly after: string;
}
const table: Killed[] = [];

afterAll(() => {
  const rows = table.map(
    ({ point, outcome, left, after }) =>
      `${point.padEnd(24)} ${outcome.padEnd(8)} ${left.padEnd(34)} ${after}`,
  );
  console.log(
    ['killed at                live     left                               after recover', ...rows].join(
      '\n',
    ),
  );
});

/** What is done as the user whose run was killed. */
async function here(work: (context: OpContext) => Promise<void>): Promise<void> {
  const context = contextOf(cluster.target({ database: SHOP }), home, {
    env: { BACKUP_DIR: repository, XDG_STATE_HOME: join(home, '.local', 'state') },
  });
  try {
    await work(context);
  } finally {
    await context.close();
  }
}

/** Restores in a process of its own that kills itself at the point; with the commands around it. */
async function killedAt(point: string, ...flags: string[]): Promise<void> {
  const hooks = ['--before', `echo stop >>"${home}/hooks"`, '--after', `echo start >>"${home}/hooks"`];
  // more jobs are more processes only: there is one table
  const args = ['restore', backup, '--confirm', SHOP, '--json', '--jobs', '1', ...hooks, ...flags];
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env, PGDECK_CRASH_AT: point },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [, signal] = await once(child, 'close');
  expect(signal, said).toBe('SIGKILL');
}

const hooks = (): string[] => {
  try {
    return readFileSync(join(home, 'hooks'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

/** Databases of restores, and what is unfinished in the repository. */
async function leftovers(): Promise<string[]> {
  const partials = readdirSync(repository).filter((name) => /partial|deleting/.test(name));
  return [...(await findLeftovers(admin)).map(({ kind }) => kind), ...partials.map(() => 'partial')].sort();
}

/** What must hold after every kill: the live database is one of the two, whole, and recover leaves nothing of the other. */
async function expectWhole(point: string, outcome: 'old' | 'new'): Promise<void> {
  expect(await served(cluster.target({ database: SHOP }))).toBe(outcome);
  const [facts] = await admin.run(databaseFacts, { database: SHOP });
  expect(facts).toMatchObject({ allows_connections: true, comment: null });
  await expectRecovered(point, outcome, outcome);
}

/** Recover leaves this database live, and nothing of the other one; neither is half a backup ever listed as one. */
async function expectRecovered(point: string, found: string, outcome: 'old' | 'new'): Promise<void> {
  for (const { status } of await listBackups(repository)) expect(status).toBe('ok');
  const left = await leftovers();
  await here(async (context) => {
    const { end } = await carryOut(await recover.plan(recover.input.parse({}), context), context);
    expect(end, end.text).toMatchObject({ ok: true });
    const again = await recover.plan(recover.input.parse({}), context);
    expect(again.steps).toEqual([]);
  });
  const kept = await leftovers();
  expect(kept).toEqual(outcome === 'new' ? ['before'] : []);
  expect(await served(cluster.target({ database: SHOP }))).toBe(outcome);
  // nothing works on for the dead run
  await until(
    async () =>
      (await admin.sql("SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%'")).length === 0,
    { what: 'the end of what the run had started' },
  );
  // the application was started as often as it was stopped
  const log = hooks();
  expect(log.filter((line) => line === 'start')).toHaveLength(log.filter((line) => line === 'stop').length);
  table.push({
    point,
    outcome: found,
    left: left.join(', ') || 'nothing',
    after: `${outcome}, ${kept.join(', ') || 'clean'}`,
  });
}

test.each([
  'safety-snapshot',
  'snapshot:partial',
  'safety-dump',
  'dump:written',
  'safety-verify',
  'safety-publish',
  'publish:renamed',
])('killed at %s, in the safety backup: the old database', async (point) => {
  await killedAt(point);
  await expectWhole(point, 'old');
});

test.each([
  'create',
  'create:created',
  'load',
  'analyze',
  'verify',
  'properties',
  'before',
  'swap',
  'swap:begin',
  'swap:renamed',
  'swap:second',
  'swap:sealed',
])('killed at %s: the old database', async (point) => {
  await killedAt(point, '--no-safety-backup');
  await expectWhole(point, 'old');
});

test('killed in the middle of the load: the old database, and the load ends', async () => {
  await admin.sql("ALTER ROLE postgres SET test.slow = '60'");
  const args = ['restore', backup, '--confirm', SHOP, '--no-safety-backup'];
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  try {
    await until(
      async () =>
        (
          await admin.sql(
            "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name LIKE 'pgdeck:%'",
          )
        ).length > 0,
      { what: 'the load at its slow index', timeout: 20_000 },
    );
  } finally {
    child.kill('SIGKILL');
    await gone;
    await admin.sql('ALTER ROLE postgres RESET test.slow');
  }
  await expectWhole('(in the load)', 'old');
});

test('killed at drop, of a restore in place: the old database', async () => {
  await killedAt('drop', '--in-place');
  await expectWhole('drop (in place)', 'old');
});

test.each(['drop:dropped', 'load', 'rename'])(
  'killed at %s of a restore in place: recover restores the old database from its safety backup',
  async (point) => {
    await killedAt(point, '--in-place');
    expect(await admin.run(databaseFacts, { database: SHOP })).toEqual([]);
    await expectRecovered(`${point} (in place)`, 'missing', 'old');
    const [facts] = await admin.run(databaseFacts, { database: SHOP });
    expect(facts).toMatchObject({ allows_connections: true, open_to_all: true, comment: null });
  },
);

test.each(['swap:committed', 'swap:end', 'after:end'])('killed at %s: the new database', async (point) => {
  await killedAt(point, '--no-safety-backup');
  await expectWhole(point, 'new');
  expect(hooks()).toContain('start');
  // recover has made it a run that can be undone
  await here(async (context) => {
    const run = listRuns(context.journal).find(({ operation }) => operation === 'restore')?.id;
    const { end } = await carryOut(await undo.plan(undo.input.parse({ run }), context), context);
    expect(end, end.text).toMatchObject({ ok: true });
  });
  expect(await served(cluster.target({ database: SHOP }))).toBe('old');
  const [rolledBack] = await findLeftovers(admin);
  expect(rolledBack?.kind).toBe('rolledback');
  if (rolledBack) await dropLeftover(admin, rolledBack);
});
