import {
  appendFileSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { serverUser } from '../../../src/hosts/cluster/binaries.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { start } from '../../../src/hosts/local.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { throwawayCluster, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import {
  autoConf,
  autoLines,
  complaints,
  contextFor,
  done,
  fresh,
  planReset,
  planSet,
  takenBack,
} from './stage.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;
const here = (user = 'postgres'): OpContext => contextFor(cluster.target({ user }), home);

beforeAll(async () => {
  cluster = await throwawayCluster({ wal_level: 'logical' });
  session = await connect(cluster.target(), 'workload', 'test');
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

/** On a host that has none of the server's files. */
function elsewhere(context: OpContext): OpContext {
  const { host } = context;
  const read = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' }));
  return { ...context, host: { ...host, files: { ...host.files, read } } };
}

test('the exact statement is shown, and what it takes; what is there already is not set again', async () => {
  const plan = await planSet(here(), 'Work_Mem', '6MB');
  expect(plan).toMatchObject({ danger: 'confirm', subject: 'work_mem', undo: 'undo', writes: true });
  expect(plan.steps.map(({ preview }) => preview)).toEqual([
    "ALTER SYSTEM SET work_mem = '6MB';",
    'SELECT pg_reload_conf();',
  ]);
  expect((await done(plan, here())).status).toBe('done');
  expect((await planSet(here(), 'work_mem', '6MB')).steps).toEqual([]);
  // a longer line in between is put back as it was
  const second = await done(await planSet(here(), 'work_mem', '8192'), here());
  expect(autoLines(cluster)).toEqual(["work_mem = '8192'"]);
  expect((await takenBack(second.run, here())).status).toBe('done');
  expect(autoLines(cluster)).toEqual(["work_mem = '6MB'"]);
  expect((await done(await planReset(here(), 'work_mem'), here())).status).toBe('done');
  expect((await planReset(here(), 'work_mem')).steps).toEqual([]);
});

test('what somebody else has changed since is not put back', async () => {
  const set = await done(await planSet(here(), 'work_mem', '7MB'), here());
  await session.sql("ALTER SYSTEM SET work_mem = '9MB'");
  await expect(takenBack(set.run, here())).rejects.toThrow(
    /work_mem was changed for the server meanwhile, by somebody else: it is 9MB now/,
  );
  // nor is what was changed between the plan and the run
  const plan = await planSet(here(), 'work_mem', '10MB');
  await session.sql("ALTER SYSTEM SET work_mem = '11MB'");
  expect(await done(plan, here())).toMatchObject({
    ok: false,
    text: expect.stringContaining('it is 11MB now'),
  });
  expect(autoLines(cluster)).toEqual(["work_mem = '11MB'"]);
  await session.sql('ALTER SYSTEM RESET work_mem');
});

test('of lines that stand there twice the last one counts, and comes back', async () => {
  appendFileSync(join(cluster.dataDir, 'postgresql.auto.conf'), "work_mem = '5MB'\nwork_mem = '5500kB'\n");
  const set = await done(await planSet(here(), 'work_mem', '6MB'), here());
  expect(autoLines(cluster)).toEqual(["work_mem = '6MB'"]);
  expect((await takenBack(set.run, here())).status).toBe('done');
  expect(autoLines(cluster)).toEqual(["work_mem = '5500kB'"]);
  await done(await planReset(here(), 'work_mem'), here());
});

test('a secret is shown nowhere, recorded nowhere, and not put back', async () => {
  const secret = 'Xy7-very-hidden-42';
  const plan = await planSet(here(), 'primary_conninfo', `host=h password=${secret}`);
  expect(JSON.stringify(plan)).not.toContain(secret);
  expect(plan.undo).toBeUndefined();
  expect(complaints(plan)).toContainEqual(expect.stringMatching(/^warn Undo: It is a secret/));
  const set = await done(plan, here());
  expect(set).toMatchObject({ status: 'done', undo: null });
  expect(autoConf(cluster)).toContain(secret);
  expect(JSON.stringify(set)).not.toContain(secret);
  const { journal } = here();
  const files = readdirSync(journal, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(journal, name),
  );
  const texts = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'utf8'));
  expect(texts.length).toBeGreaterThan(0);
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  await expect(takenBack(set.run, here())).rejects.toThrow();
  expect((await done(await planReset(here(), 'primary_conninfo'), here())).status).toBe('done');
});

test('no statement with a secret is logged; what the server says of its files is, and that is told', async () => {
  const secret = 'Zq9-not-for-the-log';
  await session.sql("ALTER SYSTEM SET log_statement = 'all'");
  await session.sql('ALTER SYSTEM SET log_min_duration_statement = 0');
  await session.sql('SELECT pg_reload_conf()');
  const isLogged = async () => (await fresh(cluster.target(), 'log_statement')) === 'all';
  await until(isLogged, { what: 'the reload' });
  const role = { role: 'postgres' };
  for (const [name, more] of [
    ['primary_conninfo', {}],
    ['shop.api_token', role],
    // before 17 the server refuses what no extension has brought
    ['shop.api_token', {}],
  ] as const)
    await done(await planSet(here(), name, `password=${secret}`, more), here());
  await session.sql("SELECT 'what is logged'");
  const log = readFileSync(cluster.logFile, 'utf8');
  expect(log).toContain('what is logged');
  const told = log.split('\n').filter((line) => line.includes(secret));
  expect(told.filter((line) => !/LOG: {2}parameter "[\w.]+" changed to/.test(line))).toEqual([]);
  expect(complaints(await planSet(here(), 'primary_conninfo', 'host=h'))).toContainEqual(
    expect.stringContaining('The server itself writes the new value into its log'),
  );
  await session.sql('ALTER ROLE postgres RESET ALL');
  await session.sql('ALTER SYSTEM RESET ALL');
  await session.sql('SELECT pg_reload_conf()');
});

test('a directory for the log that nobody could make is refused', async () => {
  expect(complaints(await planSet(here(), 'log_directory', '/nonesuch/log'))).toContainEqual(
    expect.stringMatching(/^block Directory: There is no \/nonesuch /),
  );
  const plan = await planSet(here(), 'log_directory', 'another');
  expect(complaints(plan).filter((one) => one.startsWith('block'))).toEqual([]);
});

test('what slots, prepared transactions and memory need is not taken from them', async () => {
  await session.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
  await session.sql("SELECT pg_create_physical_replication_slot('p')");
  const blocked = async (name: string, value: string) =>
    complaints(await planSet(here(), name, value)).join('\n');
  expect(await blocked('wal_level', 'replica')).toMatch(/^block Replication slots: .* need logical/);
  expect(await blocked('max_replication_slots', '1')).toMatch(
    /^block Room: .* fewer than its 2 replication slots/,
  );
  expect(await blocked('shared_buffers', '100TB')).toMatch(/^block (Value|Memory)/);
  expect(await blocked('shared_buffers', '7TB')).toMatch(
    /^block Memory: 7.*TB of shared_buffers, of .*: the server would not start/,
  );
  expect(await blocked('wal_buffers', '-1')).toBe('');
  await session.sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
});

test('where nothing can be tried a restart is confirmed by its name, and that is said', async () => {
  const context = elsewhere(here());
  const plan = await planSet(context, 'max_connections', '90');
  expect(plan.danger).toBe('type-name');
  expect(plan.steps.map(({ id }) => id)).toEqual(['write', 'reload']);
  expect(complaints(plan)).toEqual([
    expect.stringMatching(/^warn Start: Whether the server starts with it is not tried: .* is not on /),
  ]);
  expect(await planSet(here(), 'max_connections', '90', { no_trial: true })).toMatchObject({
    danger: 'type-name',
  });
  expect(await planSet(context, 'work_mem', '9MB')).toMatchObject({ danger: 'confirm' });
});

test('files that cannot be read at all come first', async () => {
  const conf = join(cluster.dataDir, 'pgdeck.conf');
  const before = readFileSync(conf);
  appendFileSync(conf, 'this is = = no setting\n');
  try {
    expect(complaints(await planSet(here(), 'work_mem', '9MB'))).toEqual([
      expect.stringMatching(
        /^block Files: The server reads none of its files, because of .*pgdeck\.conf:\d+ \(syntax error\)/,
      ),
    ]);
  } finally {
    writeFileSync(conf, before);
  }
});

test('what roles and databases have of it is told; and what is set for them is refused where it is the server’s', async () => {
  await session.sql("ALTER DATABASE template1 SET work_mem = '12MB'");
  expect(complaints(await planSet(here(), 'work_mem', '9MB'))).toEqual([
    expect.stringMatching(/^warn Overridden: Sessions of others get their own: database template1 12MB/),
  ]);
  expect(complaints(await planSet(here(), 'max_connections', '9', { database: 'postgres' }))).toEqual([
    expect.stringMatching(/^block Setting: max_connections is of the whole server/),
  ]);
  await expect(planSet(here(), 'work_mem', '9MB', { role: 'none such' })).rejects.toThrow(
    /no role none such/,
  );
  await expect(planSet(here(), 'work_mem', '9MB', { database: 'none such' })).rejects.toThrow(
    /no database none such/,
  );
  // a setting of an extension that is not loaded is between its role and that
  const own = await done(await planSet(here(), 'app.tenant', "o'Neil", { role: 'postgres' }), here());
  expect(own, own.text).toMatchObject({ status: 'done' });
  expect(await fresh(cluster.target(), 'app.tenant')).toBe("o'Neil");
  expect((await takenBack(own.run, here())).status).toBe('done');
  await session.sql('ALTER DATABASE template1 RESET work_mem');
});

test('a setting that no loaded library has: before 17 ALTER SYSTEM takes none, and the plan says so', async () => {
  const { major } = session.server;
  const plan = await planSet(here(), 'auto_explain.log_min_duration', '1s');
  if (major < 17) {
    expect(complaints(plan)).toEqual([
      expect.stringMatching(/^block Setting: No loaded library has auto_explain\.log_min_duration/),
    ]);
    // what the plan says of the server is so
    await expect(session.sql("ALTER SYSTEM SET auto_explain.log_min_duration = '1s'")).rejects.toThrow(
      /unrecognized configuration parameter/,
    );
  } else {
    expect(complaints(plan)).toEqual([expect.stringMatching(/^warn Value: No loaded library has/)]);
    const set = await done(plan, here());
    expect(set, set.text).toMatchObject({ status: 'done' });
    expect((await takenBack(set.run, here())).status).toBe('done');
  }
  expect(autoLines(cluster)).toEqual([]);
});

test('a managed service keeps its settings, and leaves those of roles and databases', async () => {
  await session.sql('CREATE ROLE rds_superuser');
  try {
    expect(complaints(await planSet(here(), 'work_mem', '9MB'))).toEqual([
      expect.stringMatching(/^block Service: Settings of this server are changed where the provider/),
    ]);
    expect(complaints(await planSet(here(), 'work_mem', '9MB', { database: 'postgres' }))).toEqual([]);
  } finally {
    await session.sql('DROP ROLE rds_superuser');
  }
});

test('a library that no session could load is refused before it is written, for whomever', async () => {
  const bytes = autoConf(cluster);
  for (const [name, scope] of [
    ['session_preload_libraries', {}],
    ['local_preload_libraries', {}],
    ['session_preload_libraries', { database: 'postgres' }],
    ['session_preload_libraries', { role: 'postgres' }],
  ] as const) {
    const plan = await planSet(here(), name, 'auto_explain, nonesuch', scope);
    expect(complaints(plan), name).toEqual([
      expect.stringContaining('No session could begin with it: could not access file'),
    ]);
  }
  expect(complaints(await planSet(here(), 'session_preload_libraries', 'auto_explain'))).toEqual([]);
  expect(autoConf(cluster)).toBe(bytes);
});

test('what keeps new sessions from beginning all the same is put back by the one that is there', async () => {
  const [at] = await session.sql("SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'");
  const directory = await cluster.makeDirectory('libraries');
  const library = join(directory, 'auto_explain.so');
  copyFileSync(join(String(at?.setting), 'auto_explain.so'), library);
  const plan = await planSet(here(), 'session_preload_libraries', library);
  expect(complaints(plan)).toEqual([]);
  rmSync(library);
  const failed = await done(plan, here());
  expect(failed).toMatchObject({ status: 'failed', text: expect.stringContaining('could not access file') });
  expect(failed.state).toContain('session_preload_libraries is for the server as it was');
  expect(autoLines(cluster)).toEqual([]);
  await until(async () => (await fresh(cluster.target(), 'session_preload_libraries')) === '', {
    what: 'sessions that begin',
  });
});

test('a statement_timeout that leaves no time to look is set, and taken back', async () => {
  const set = await done(await planSet(here(), 'statement_timeout', '1'), here());
  expect(set, set.text).toMatchObject({ status: 'done' });
  const undone = await takenBack(set.run, here());
  expect(undone, undone.text).toMatchObject({ status: 'done' });
  expect(autoLines(cluster)).toEqual([]);
});

test('what is set on the command line cannot be changed, and it is said', async () => {
  await session.close();
  await cluster.stop();
  const running = await start(join(cluster.bin, 'postgres'), ['-D', cluster.dataDir, '-c', 'work_mem=3MB'], {
    ...(await serverUser()),
    cwd: '/',
  });
  try {
    await until(async () => (await fresh(cluster.target(), 'work_mem').catch(() => '')) === '3MB', {
      what: 'the server',
      timeout: 20_000,
    });
    const plan = await planSet(here(), 'work_mem', '9MB');
    expect(complaints(plan)).toEqual([
      expect.stringMatching(/^block Source: work_mem is set on the command line of the server/),
    ]);
    expect((await done(plan, here())).status).toBe('refused');
  } finally {
    running.signal('SIGINT');
    await running.exited;
    await cluster.start();
  }
});
