import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { run } from '../../../src/hosts/local.ts';
import type { StepIo } from '../../../src/ops/engine/plan.ts';
import { findClients } from '../../../src/ops/programs/programs.ts';
import { type Backup, findBackup, lastProven } from '../../../src/ops/repository/repository.ts';
import { speaksAgainst } from '../../../src/ops/restore/proof/blame.ts';
import { examine } from '../../../src/ops/restore/proof/examine.ts';
import { besideServer } from '../../../src/ops/restore/proof/same-server.ts';
import { proveRestorable } from '../../../src/ops/restore/proof.ts';
import { verify } from '../../../src/ops/verify/verify.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { everything } from '../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from '../engine/run/stage.ts';
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
    const place = await besideServer(io, context, await examine(io, clients?.reader, made));
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

describe('what belongs to no database', () => {
  let name: string;
  const backups = new Map<string, Backup>();
  const missing = () =>
    inDatabase('postgres', (session) =>
      session.sql('SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)', [`${name}_`]),
    );

  beforeAll(async () => {
    const other = await testDatabase();
    name = other.database;
    const roles = ['owner', 'Sub Owner', 'reader', 'guest', 'mapped', 'triggers'].map(
      (one) => `"${name}_${one}"`,
    );
    const [owner, subscriber, reader, guest, mapped, triggers] = roles;
    const make = async (session: Session) => {
      await session.sql(roles.map((role) => `CREATE ROLE ${role}`).join('; '));
      await session.sql(`ALTER ROLE ${subscriber} SUPERUSER; ALTER ROLE ${triggers} SUPERUSER`);
      await session.sql('SET allow_in_place_tablespaces = on');
      await session.sql(`CREATE TABLESPACE "${name}_Fast disk" LOCATION ''`);
      await session.sql(
        `DROP EXTENSION pg_stat_statements;
         CREATE TABLE notes (id int PRIMARY KEY, word text) TABLESPACE "${name}_Fast disk";
         INSERT INTO notes SELECT n, 'x' FROM generate_series(1, 20) n;
         ALTER TABLE notes OWNER TO ${owner}; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
         CREATE POLICY part ON notes FOR SELECT TO ${reader}, ${guest} USING (id > 1);
         GRANT SELECT ON notes TO ${guest} WITH GRANT OPTION;
         ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} GRANT SELECT ON TABLES TO ${reader};
         CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
         CREATE USER MAPPING FOR ${mapped} SERVER far;
         CREATE FUNCTION quiet() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER quiet ON ddl_command_end WHEN TAG IN ('CREATE CAST') EXECUTE FUNCTION quiet();
         ALTER EVENT TRIGGER quiet OWNER TO ${triggers}`,
      );
      await session.sql(
        `CREATE SUBSCRIPTION "${name}_sub" CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)`,
      );
      await session.sql(`ALTER SUBSCRIPTION "${name}_sub" OWNER TO ${subscriber}`);
    };
    await inDatabase(name, make);
    const context = contextOf(other.target(), home, { env: { BACKUP_DIR: join(home, 'others') } });
    for (const format of ['custom', 'plain'])
      backups.set(format, await backedUp(context, { format, compress: 'none' }));
    await context.close();
    await inDatabase(name, async (session) => {
      await session.sql(`ALTER SUBSCRIPTION "${name}_sub" SET (slot_name = NONE)`);
      await session.sql(`DROP SUBSCRIPTION "${name}_sub"`);
    });
    // with everything that belongs to the roles
    await other.drop();
    await inDatabase('postgres', async (session) => {
      await session.sql(`DROP ROLE ${roles.join(', ')}`);
      await session.sql(`DROP TABLESPACE "${name}_Fast disk"`);
    });
  });

  test.each(['custom', 'plain'])('is made for the test restore: %s', async (format) => {
    const backup = backups.get(format);
    expect(backup?.manifest?.roles).toContain(`${name}_Sub Owner`);
    expect(await missing()).toEqual([]);
    const context = contextIn({ ...serverTarget(), host: '/nowhere' }, home);
    const plan = await verify.plan(verify.input.parse({ id: backup?.path, level: 'restore' }), context);
    expect((await carryOut(plan, context)).end.text).toMatch(/: done\.$/);
  });

  test('where it is lacking, nothing is said against the backup, and the reason is', async () => {
    const backup = backups.get('custom');
    const programs = join(home, 'clients');
    mkdirSync(programs);
    for (const program of ['pg_restore', 'psql']) symlinkSync(join(bin, program), join(programs, program));
    const context = contextIn(db.target(), home);
    // without server programs it goes beside the live database, and that server does not have the roles
    const beside = { ...context, backup: { ...context.backup, programs } };
    const plan = await verify.plan(verify.input.parse({ id: backup?.path, level: 'restore' }), beside);
    const { end, events } = await carryOut(plan, beside);
    expect(end).toMatchObject({ ok: false, status: 'failed' });
    expect(end.text).toMatch(/ could not be tried, because a temporary database .*role ".*" does not exist/);
    expect(events).toContainEqual(
      expect.objectContaining({
        table: expect.objectContaining({ rows: [['restore', 'not tried', expect.anything()]] }),
      }),
    );
    const now = await findBackup('/nowhere', backup?.path ?? '');
    expect(now.status).toBe('ok');
    expect(now.manifest?.verifications.every(({ ok }) => ok)).toBe(true);
    expect(await databasesLike(`${name}__verify`)).toEqual([]);
  });
});

test('a machine that cannot make a server, and extensions that it does not have, say nothing against the backup', async () => {
  const drill = async (backup: Backup) => {
    const context = { ...contextIn(db.target(), home), readOnly: true };
    const { clients } = await findClients(context, { major: 13, version: '13' }, ['pg_restore']);
    return inRun((io) => proveRestorable(io, context, clients, backup)).catch(
      ({ message }: Error) => message,
    );
  };
  const without = structuredClone(made);
  without.manifest?.extensions.push({ name: 'no_such', version: '1' });
  expect(await drill(without)).toMatch(
    / could not be tried, because there is no place to restore it into\. .* has no no_such\. .* is read-only/,
  );
  const huge = structuredClone(made);
  if (huge.manifest) huge.manifest.database.bytes = 2 ** 50;
  expect(await drill(huge)).toMatch(
    / could not be tried, .*\/tmp.* has [\d.]+ GB free, and about [\d.]+ PB are needed/,
  );
  const besides = await inRun(async (io) => {
    const context = contextIn(db.target(), home);
    const { clients } = await findClients(context, { major: 13, version: '13' }, ['pg_restore']);
    return besideServer(io, context, { ...(await examine(io, clients?.reader, made)), backup: huge });
  });
  expect(besides).toMatchObject({
    ok: false,
    why: expect.stringMatching(/ GB free, and about .* are needed\.$/),
  });
  vi.stubEnv('TMPDIR', join(home, 'nothing-here'));
  try {
    expect(await drill(made)).toMatch(/No server can be made in .*nothing-here/);
  } finally {
    vi.stubEnv('TMPDIR', servers);
  }
});

test('a temporary directory with room for the data and not for a server with its WAL is told before one is made', async (test_) => {
  const disk = join(home, 'small');
  mkdirSync(disk);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=60m,mode=755', 'tmpfs', disk]).catch(
    () => undefined,
  );
  if (mounted?.exitCode !== 0) return test_.skip('this user may not mount a file system');
  vi.stubEnv('TMPDIR', disk);
  try {
    const context = { ...contextIn(db.target(), home), readOnly: true };
    const { clients } = await findClients(context, { major: 13, version: '13' }, ['pg_restore']);
    const told = await inRun((io) => proveRestorable(io, context, clients, made)).catch(
      ({ message }: Error) => message,
    );
    expect(told).toMatch(
      /could not be tried, because there is no place to restore it into\. .*small has [\d.]+ MB free, and about 1\d\d MB are needed/,
    );
    expect((await findBackup(join(home, 'backups'), made.id)).status).toBe('ok');
  } finally {
    vi.stubEnv('TMPDIR', servers);
    await run('umount', ['-l', disk]);
  }
});

test.each([
  [true, 'pg_restore: error: COPY failed for table "a": ERROR:  invalid input syntax for type integer: "x"'],
  [true, 'pg_restore: error: could not execute query: ERROR:  could not create unique index "a_pkey"'],
  [true, 'pg_restore: error: could not read from input file: end of file'],
  [true, 'psql:<stdin>:9: ERROR:  relation "public.a" does not exist'],
  // of several processes, whichever is heard first
  [true, 'pg_restore: error: a worker process died unexpectedly\npg_restore: error: unexpected end of file'],
  // and write into each other's lines
  [
    true,
    'pg_restore:pg_restore:  error: finished item 3678 TABLE DATA customers\nunexpected end of file\npg_restore: error: a worker process died unexpectedly',
  ],
  [
    false,
    'pg_restore:pg_restore:  error: launching item 3 TABLE DATA a\ncould not execute query: ERROR:  role "a" does not exist',
  ],
  [false, 'pg_restore: error: could not execute query: ERROR:  role "a" does not exist'],
  [false, 'psql:<stdin>:9: ERROR:  tablespace "a" does not exist'],
  [false, 'psql:<stdin>:9: ERROR:  collation "pg_catalog.de_DE" for encoding "UTF8" does not exist'],
  [false, 'psql:<stdin>:9: ERROR:  could not extend file "base/1/2": No space left on device'],
  [false, 'pg_restore: error: could not execute query: server closed the connection unexpectedly'],
  [false, 'ERROR:  unrecognized configuration parameter "what.nobody_knows"'],
  [false, 'psql was killed by SIGKILL.'],
])('%s: what went wrong speaks against the backup: %s', (against, message) => {
  expect(
    speaksAgainst(`pg_restore failed with exit code 1:\n${message}`, { scope: 'full', differs: undefined }),
  ).toBe(against);
  expect(speaksAgainst(message, { scope: 'full', differs: 'another version' })).toBe(false);
});

test('a part of a database may need what is in the rest', () => {
  const message = 'ERROR:  type "public.mood" does not exist';
  expect(speaksAgainst(message, { scope: 'full', differs: undefined })).toBe(true);
  expect(speaksAgainst(message, { scope: 'schemas', differs: undefined })).toBe(false);
});
