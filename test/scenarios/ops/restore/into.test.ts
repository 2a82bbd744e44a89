import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { quoteIdent } from '../../../../src/db/ident.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Backup } from '../../../../src/ops/repository/repository.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
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
import { serverTarget, type TestDatabase, testDatabase, testServer } from '../../../support/cluster.ts';
import { everything, rowCounts } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const { bin } = inject('postgres');
const { host, port } = testServer();
let db: TestDatabase;
let made: Backup;
let counts: Map<string, number>;
let context: OpContext;

beforeAll(async () => {
  db = await testDatabase();
  counts = await inDatabase(db.database, async (session) => {
    await everything(session);
    await session.sql(
      `ALTER DATABASE ${db.database} CONNECTION LIMIT 77; COMMENT ON DATABASE ${db.database} IS 'it''s'`,
    );
    return rowCounts(session);
  });
  const first = contextOf(db.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  made = await backedUp(first);
  await first.close();
});
beforeEach(() => {
  context = contextIn(db.target(), home);
});
afterAll(async () => {
  await dropLike(`${db.database}_`);
  await dropLike(`数据 "${db.database}`);
  await db.drop();
});

/** A dump by PostgreSQL's own program. */
function dump(name: string, ...args: string[]): string {
  const file = join(home, name);
  execFileSync(join(bin, 'pg_dump'), [
    '-h',
    host,
    '-p',
    String(port),
    '-U',
    'postgres',
    ...args,
    '-f',
    file,
    db.database,
  ]);
  return file;
}

test('a new database has what was backed up, with owner, settings and comment; the live one is not touched', async () => {
  const name = `数据 "${db.database}`;
  const { end, plan } = await restored(context, { backup: made.id, into: name });
  expect(end).toMatchObject({ ok: true, undo: expect.stringMatching(/^pgdeck db drop /) });
  expect(plan.danger).toBe('confirm');
  expect(await inDatabase(name, rowCounts)).toEqual(counts);
  const [row] = await inDatabase(name, (session) =>
    session.sql(
      `SELECT current_setting('app.tenant') AS tenant, shobj_description(oid, 'pg_database') AS comment, datconnlimit AS most,
         has_database_privilege('public', oid, 'CONNECT') AS open
       FROM pg_database WHERE datname = current_database()`,
    ),
  );
  expect(row).toEqual({ tenant: "a'b, c", comment: "it's", most: 77, open: true });
  expect(await databasesLike(db.database)).toEqual([db.database]);
  // and not a second time
  const again = await planRestore(context, { backup: made.id, into: name });
  expect(blocks(again)).toEqual([expect.stringContaining('it is not empty')]);
  expect(again.steps).toEqual([]);
});

test('one that fails is gone', async () => {
  const plan = await planRestore(context, { backup: made.id, into: `${db.database}_fails` });
  const steps = plan.steps.map((one) =>
    one.id === 'verify' ? { ...one, run: () => Promise.reject(new Error('It is wrong.')) } : one,
  );
  expect((await carryOut({ ...plan, steps }, context)).end).toMatchObject({ ok: false });
  expect(await databasesLike(`${db.database}_`)).toEqual([]);
});

describe('files that pgdeck did not make', () => {
  test.each([
    ['plain.sql', []],
    ['packed.sql.gz', ['-Z1']],
    ['custom.dump', ['-Fc']],
    ['inserts.sql', ['--inserts', '--rows-per-insert=50']],
  ])('%s', async (name, args) => {
    const file = dump(name, ...args);
    const into = `${db.database}_foreign`;
    const { end, plan } = await restored(context, { backup: file, into });
    expect(end, end.text).toMatchObject({ ok: true });
    expect(plan.steps[0]?.id).toBe('read');
    expect(await inDatabase(into, rowCounts)).toEqual(counts);
    await dropLike(into);
  });

  test('one that would leave the database is refused before it is loaded', async () => {
    const file = dump('create.sql', '--create');
    const into = `${db.database}_create`;
    await expect(planRestore(context, { backup: file, into })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/create\.sql is not loaded: line \d+ of it has: create database/),
    });
    expect(await databasesLike(into)).toEqual([]);
  });

  test('a \\connect far down is found too, and text that looks like one is not', async () => {
    const into = `${db.database}_far`;
    const plain = readFileSync(dump('far.sql'), 'utf8');
    const row = "INSERT INTO app.keyless VALUES (E'\\\\connect other\nDROP DATABASE x');";
    await inDatabase(db.database, (session) => session.sql(row));
    const good = dump('text.sql');
    await inDatabase(db.database, (session) =>
      session.sql("DELETE FROM app.keyless WHERE line LIKE '%connect%'"),
    );
    expect((await restored(context, { backup: good, into })).end).toMatchObject({ ok: true });
    await dropLike(into);
    const bad = join(home, 'bad.sql.gz');
    const marker = '\n--\n-- PostgreSQL database dump complete';
    writeFileSync(
      bad,
      gzipSync(plain.replace(marker, `\n\\connect ${db.database}\nDROP SCHEMA app CASCADE;${marker}`)),
    );
    await expect(planRestore(context, { backup: bad, into })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`\\connect ${db.database}`),
    });
    expect(await inDatabase(db.database, rowCounts)).toEqual(counts);
  });

  test('a statement that fails ends the load, whatever unpacks it, and is quoted', async () => {
    const plain = readFileSync(dump('error.sql'), 'utf8');
    const file = join(home, 'error.sql.gz');
    const last = '\n--\n-- PostgreSQL database dump complete';
    writeFileSync(file, gzipSync(plain.replace(last, `\nSELECT nothing FROM nowhere;${last}`)));
    const { end } = await restored(context, { backup: file, into: `${db.database}_error` });
    expect(end).toMatchObject({ ok: false });
    expect(end.text).toMatch(/psql failed with exit code 3:\n.*ERROR: {2}relation "nowhere" does not exist/s);
    expect(await databasesLike(`${db.database}_`)).toEqual([]);
  });

  test('a truncated one is noticed before anything is made', async () => {
    const file = dump('half.dump', '-Fc');
    writeFileSync(file, readFileSync(file).subarray(0, -3_000));
    await expect(planRestore(context, { backup: file, into: `${db.database}_half` })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('is damaged'),
    });
    expect(await databasesLike(`${db.database}_`)).toEqual([]);
  });

  test('a setting that only a newer client knows is taken out, and rows that look like it are not', async () => {
    const file = join(home, 'newer.sql');
    writeFileSync(
      file,
      [
        ...['--', '-- PostgreSQL database dump', '--', '', '-- Dumped from database version 15.4'],
        ...[
          '-- Dumped by pg_dump version 17.2',
          '',
          'SET statement_timeout = 0;',
          'SET transaction_timeout = 0;',
        ],
        ...['CREATE TABLE public.notes (line text);', ...Array.from({ length: 60 }, (_, n) => `-- ${n}`)],
        ...['COPY public.notes (line) FROM stdin;', 'SET transaction_timeout = 0;', 'x', '\\.', ''],
        ...['--', '-- PostgreSQL database dump complete', '--', ''],
      ].join('\n'),
    );
    const into = `${db.database}_newer`;
    const { end } = await restored(context, { backup: file, into });
    expect(end, end.text).toMatchObject({ ok: true });
    expect(await inDatabase(into, (session) => session.sql('SELECT line FROM notes ORDER BY 1'))).toEqual([
      { line: 'SET transaction_timeout = 0;' },
      { line: 'x' },
    ]);
  });
});

describe('as a role without a superuser’s rights', () => {
  let owner: string;
  let asOwner: OpContext;
  beforeAll(async () => {
    owner = await db.roleWith();
    await inDatabase('postgres', (session) => session.sql(`ALTER ROLE ${owner} CREATEDB`));
  });
  beforeEach(() => {
    asOwner = contextIn({ ...serverTarget(), user: owner }, home);
  });

  test('roles that it cannot give objects to block, with the way out', async () => {
    const plan = await planRestore(asOwner, { backup: made.id, into: `${db.database}_mine` });
    expect(blocks(plan).join('\n')).toContain('--no-owner');
    expect(blocks(plan).join('\n')).toContain('Connect as a superuser');
    expect(blocks(plan).join('\n')).not.toContain('GRANT "postgres"');
  });

  test('what it cannot create is left out beforehand and told; nothing else is', async () => {
    const into = `${db.database}_mine`;
    const wanted = { backup: made.id, into, no_owner: true };
    const plan = await planRestore(asOwner, wanted);
    // only a superuser creates what is not trusted; the backup of this server has pg_stat_statements
    expect(blocks(plan)).toEqual([expect.stringContaining('Only a superuser can create pg_stat_statements')]);
    await inDatabase('postgres', (session) =>
      session.sql(`CREATE DATABASE ${quoteIdent(into)} OWNER ${owner}`),
    );
    await inDatabase(into, (session) => session.sql('CREATE EXTENSION pg_stat_statements'));
    const { end, plan: prepared } = await restored(asOwner, wanted);
    expect(end, end.text).toMatchObject({ ok: true });
    expect(prepared.facts.find(({ label }) => label === 'Left out')?.value).toContain(
      'PUBLICATION shop_changes',
    );
    expect(await inDatabase(into, rowCounts)).toEqual(counts);
  });
});

test('roles that the server does not have block, with the SQL that makes them', async () => {
  const clerk = `${db.database}_clerk`;
  await inDatabase(db.database, (session) =>
    session.sql(`CREATE ROLE ${clerk}; ALTER TABLE app.keyless OWNER TO ${clerk}`),
  );
  const file = dump('roles.dump', '-Fc');
  await inDatabase(db.database, (session) =>
    session.sql(`ALTER TABLE app.keyless OWNER TO postgres; DROP ROLE ${clerk}`),
  );
  const into = `${db.database}_roles`;
  const plan = await planRestore(context, { backup: file, into });
  expect(blocks(plan)).toEqual([expect.stringContaining(`CREATE ROLE "${clerk}" NOLOGIN;`)]);
  expect((await restored(context, { backup: file, into, no_owner: true })).end).toMatchObject({ ok: true });
});
