import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { program } from '../../../ops/archive/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  blocks,
  contextIn,
  databasesLike,
  dropLike,
  inDatabase,
  planRestore,
  restored,
} from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let context: OpContext;

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) =>
    session.sql(`
    CREATE SCHEMA app;
    CREATE TABLE app.orders (id int PRIMARY KEY, note text);
    INSERT INTO app.orders SELECT n, 'order ' || n FROM generate_series(1, 50) n;
    CREATE TABLE app.empty (id int PRIMARY KEY);
    CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $$ SELECT '
\\! touch /tmp/never
' $$;
    CREATE TABLE app.audit (line text)`),
  );
  await inDatabase(db.database, (session) =>
    session.sql('INSERT INTO app.audit SELECT unnest($1::text[])', [
      [
        '\\! touch x',
        '\\',
        'a\\.',
        '\\.',
        "it's \\' \\g | sh",
        'COPY app.orders (id) FROM stdin;\n1\n\\.\n\\! id',
      ],
    ]),
  );
});
beforeEach(() => {
  context = contextIn(db.target(), home);
});
afterAll(async () => {
  await dropLike(`${db.database}_`);
  await db.drop();
});

/** A dump by PostgreSQL's own program. */
async function dump(name: string, ...args: string[]): Promise<string> {
  const file = join(home, name);
  await program('pg_dump', [...args, '-f', file, db.database]);
  return file;
}

const rowsIn = async (session: Session) =>
  (
    await session.sql(
      'SELECT (SELECT count(*)::int FROM app.orders) AS orders, (SELECT count(*)::int FROM app.audit) AS audit',
    )
  )[0];

const FORMATS = {
  plain: { suffix: '.sql', args: [] },
  gz: { suffix: '.sql.gz', args: ['-Z1'] },
  custom: { suffix: '.dump', args: ['-Fc'] },
  directory: { suffix: '.dir', args: ['-Fd'] },
} as const;

const PARTS = {
  whole: [],
  part: ['-t', 'app.orders'],
  'schema only': ['-s'],
  'data only': ['-a'],
  older: ['-T', 'app.audit'],
} as const;

/** Why it is blocked, in a word; undefined passes. */
const EXPECTED: Record<
  keyof typeof PARTS,
  Record<'swap' | 'in_place' | 'into' | 'table', RegExp | undefined>
> = {
  whole: { swap: undefined, in_place: undefined, into: undefined, table: undefined },
  part: {
    swap: /app\.audit has rows now/,
    in_place: /app\.audit has rows now/,
    into: undefined,
    table: undefined,
  },
  'schema only': { swap: /no rows/, in_place: /no rows/, into: undefined, table: /definition only/ },
  'data only': {
    swap: /no definitions/,
    in_place: /no definitions/,
    into: /no definitions/,
    table: undefined,
  },
  older: {
    swap: /--missing app\.audit/,
    in_place: /--missing app\.audit/,
    into: undefined,
    table: undefined,
  },
};

describe.each(Object.keys(FORMATS) as (keyof typeof FORMATS)[])('a %s dump', (format) => {
  test.each(Object.keys(PARTS) as (keyof typeof PARTS)[])(
    '%s: what is blocked, and what passes',
    async (part) => {
      const { suffix, args } = FORMATS[format];
      const backup = await dump(`${format} ${part}${suffix}`, ...args, ...PARTS[part]);
      const ways = {
        swap: {},
        in_place: { in_place: true },
        into: { into: `${db.database}_new` },
        table: { table: ['app.orders'] },
      };
      for (const [way, input] of Object.entries(ways)) {
        const plan = await planRestore(context, {
          backup,
          ...(way === 'into' ? {} : { database: db.database }),
          ...input,
        });
        const why = EXPECTED[part][way as keyof typeof ways];
        const found = blocks(plan).join('\n');
        if (why === undefined) expect(found, `${part} ${way}`).toBe('');
        else expect(found, `${part} ${way}`).toMatch(why);
        // a plan of tables shows what it would do
        if (way !== 'table') expect(plan.steps.length > 0, way).toBe(why === undefined);
        if (way === 'swap') {
          expect(plan.tables?.[0]?.title).toBe('The file beside the database');
          expect(plan.consequence ?? '').not.toMatch(/what it was when/);
        }
      }
    },
  );
});

test('what the plan shows of a dump beside the database', async () => {
  const plan = await planRestore(context, { backup: await dump('beside.sql', '-T', 'app.audit') });
  expect(plan.tables?.[0]?.rows).toEqual([
    ['app.audit', '6', 'no table', 'will be gone'],
    ['app.orders', expect.stringMatching(/^(~50|\?)$/), '50', ''],
    ['app.empty', '0', '0', ''],
  ]);
  expect(plan.facts).toContainEqual({ label: 'Holds', value: '50 rows in 2 tables' });
});

test('an older whole dump replaces the database when what it lacks is named', async () => {
  const backup = await dump('older.sql', '-T', 'app.audit');
  const plan = await planRestore(context, { backup, missing: ['app.audit'] });
  expect(blocks(plan)).toEqual([]);
  expect(plan.checks).toContainEqual(
    expect.objectContaining({ status: 'warn', detail: expect.stringContaining('app.audit will be gone') }),
  );
  expect(blocks(await planRestore(context, { backup, missing: ['audit'] }))).toEqual([]);
  expect(blocks(await planRestore(context, { backup, missing: ['audit', 'nope'] })).join()).toContain(
    'no table nope',
  );
});

test.each([
  [
    'definitions without their rows of one table',
    ['--exclude-table-data=app.audit'],
    /app\.audit has rows now/,
  ],
  ['one section', ['--section=pre-data', '--section=data'], /without any index/],
  ['another section', ['--section=data'], /no definitions/],
  ['no tables', ['-T', '*.*'], /and no tables/],
])('%s: blocked', async (name, args, why) => {
  const backup = await dump(`${name}.sql`, ...args);
  expect(blocks(await planRestore(context, { backup })).join('\n')).toMatch(why);
});

test('tables that a dump has empty are told, and large objects and schemas that it lacks', async () => {
  const whole = await dump('objects.sql');
  const emptied = join(home, 'emptied.sql');
  writeFileSync(
    emptied,
    readFileSync(whole, 'utf8').replace(/(COPY app\.orders \(id, note\) .*\n)[\s\S]*?(\n?\\\.\n)/, '$1\\.\n'),
  );
  await inDatabase(db.database, (session) =>
    session.sql('CREATE SCHEMA later; CREATE SEQUENCE later.s; SELECT lo_create(0)'),
  );
  const plan = await planRestore(context, { backup: emptied });
  expect(blocks(plan).join()).toMatch(/1 large object now/);
  const accepted = await planRestore(context, { backup: emptied, missing: ['large objects'] });
  expect(blocks(accepted)).toEqual([]);
  const warned = accepted.checks.filter(({ status }) => status === 'warn').map(({ detail }) => detail);
  expect(warned.join('\n')).toContain('app.orders has rows now, and will have none');
  expect(warned.join('\n')).toContain('the schema later, the sequence later.s');
  await inDatabase(db.database, (session) =>
    session.sql('DROP SCHEMA later CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata'),
  );
});

test.each([
  ['as pg_dump 15.18 writes it', (text: string) => text, []],
  ['as it was before \\restrict', (text: string) => text.replaceAll(/^\\(un)?restrict .*\n/gm, ''), []],
  [
    'as 17 and 18 write it',
    (text: string) =>
      text
        .replace(/Dumped by pg_dump version .*/, 'Dumped by pg_dump version 18.1')
        .replace('SET lock_timeout = 0;\n', 'SET lock_timeout = 0;\nSET transaction_timeout = 0;\n'),
    [],
  ],
  ['with INSERT', (text: string) => text, ['--inserts', '--rows-per-insert=3']],
  ['of columns', (text: string) => text, ['--column-inserts']],
  ['packed', (text: string) => gzipSync(text), []],
])('real dumps with hostile rows restore: %s', async (name, change, args) => {
  const file = await dump(`real ${name.replaceAll('\\', '')}.sql`, ...args);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  const into = `${db.database}_real`;
  const before = await inDatabase(db.database, rowsIn);
  const { end, plan } = await restored(context, { backup: file, into });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.facts).toContainEqual({
    label: 'Holds',
    value: expect.stringMatching(/^56 rows in [23] tables$/),
  });
  expect(await inDatabase(into, rowsIn)).toEqual(before);
  const lines = (session: Session) => session.sql('SELECT line FROM app.audit ORDER BY 1');
  expect(await inDatabase(into, lines)).toEqual(await inDatabase(db.database, lines));
  await dropLike(into);
});

test.each([
  ['by COPY', []],
  ['by INSERT, with values that look like a COPY', ['--inserts']],
])('rows that go to partitions through their root are counted there: %s', async (name, args) => {
  await inDatabase(db.database, (session) =>
    session.sql(`
    CREATE TABLE app.days (id int, day date, note text) PARTITION BY RANGE (day);
    CREATE TABLE app.days_1 PARTITION OF app.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE TABLE app.days_2 PARTITION OF app.days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO app.days SELECT n, date '2025-12-01' + n, E'a\nCOPY app.orders (id) FROM stdin;\n1' FROM generate_series(1, 40) n`),
  );
  const into = `${db.database}_days`;
  try {
    const backup = await dump(`days ${name}.sql`, '--load-via-partition-root', ...args);
    expect(blocks(await planRestore(context, { backup }))).toEqual([]);
    const { end } = await restored(context, { backup, into });
    expect(end, end.text).toMatchObject({ ok: true });
    const counts = await inDatabase(into, (session) =>
      session.sql('SELECT count(*)::int AS n FROM app.days UNION ALL SELECT count(*)::int FROM app.days_2'),
    );
    expect(counts).toEqual([{ n: 40 }, { n: 10 }]);
  } finally {
    await inDatabase(db.database, (session) => session.sql('DROP TABLE app.days'));
    await dropLike(into);
  }
});

test('text that looks like rows is not taken for them where a table is chosen', async () => {
  const file = await dump('lookalike.sql');
  const fake =
    "CREATE FUNCTION app.g() RETURNS text LANGUAGE sql AS $$ SELECT '\nCOPY app.orders (id) FROM stdin;\n' $$;\n";
  writeFileSync(file, readFileSync(file, 'utf8').replace('CREATE TABLE', `${fake}CREATE TABLE`));
  const plan = await planRestore(context, { backup: file, table: ['app.orders'] });
  expect(blocks(plan)).toEqual([]);
  // inserted, updated, unchanged, deleted
  expect(plan.tables?.[0]?.rows.map(([name, , ...counts]) => [name, ...counts.slice(0, 4)])).toEqual([
    ['app.orders', '0', '0', '50', '0'],
  ]);
});

test('the plan says that a dump from elsewhere runs with the rights of a superuser', async () => {
  const plan = await planRestore(context, {
    backup: await dump('rights.sql'),
    into: `${db.database}_rights`,
  });
  expect(plan.facts).toContainEqual({
    label: 'Runs as',
    value: expect.stringMatching(/^postgres, a superuser: .* programs of the server$/),
  });
});

test('a file that is exchanged after the plan is not loaded, and its commands are not run', async () => {
  const file = await dump('exchanged.sql');
  const proof = join(home, 'run');
  const into = `${db.database}_exchanged`;
  const plan = await planRestore(context, { backup: file, into });
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('SET row_security', `\\! touch ${proof}\nSET row_security`));
  const { end } = await carryOut(plan, context);
  expect(end.text).toContain('it was changed since');
  // nor where only the load would see it
  const steps = plan.steps.filter(({ id }) => id !== 'read');
  const late = await carryOut({ ...plan, steps }, context);
  expect(late.end.text).toContain('exchanged.sql was changed while it was read');
  expect(existsSync(proof)).toBe(false);
  expect(await databasesLike(into)).toEqual([]);
});

test.each([
  ['select', "SELECT 'x' \\g | touch PROOF\n"],
  ['semicolons', 'SELECT 1 \\; SELECT 2; \\! touch PROOF\n'],
  ['set', '\\set x `touch PROOF`\n'],
  ['copy', "\\copy (SELECT 1) TO PROGRAM 'touch PROOF'\n"],
  ['output', '\\o |touch PROOF\nSELECT 1;\n'],
  ['connect', '/* */ \\connect postgres\n'],
  ['program', "COPY app.orders FROM PROGRAM 'touch PROOF';\n"],
  ['rows', 'COPY app.orders (id, note) FROM stdin;\n\\.\r\n\\! touch PROOF\n\\.\n'],
])(
  'a dump that would run something here is refused while it is planned, in every way: %s',
  async (name, text) => {
    const proof = join(home, `proof-${name}`);
    const whole = readFileSync(await dump(`bad ${name}.sql`), 'utf8');
    const file = join(home, `bad ${name}.sql`);
    writeFileSync(
      file,
      whole.replace(
        /\n--\n-- PostgreSQL database dump complete/,
        (end) => `\n${text.replaceAll('PROOF', proof)}${end}`,
      ),
    );
    for (const input of [{}, { in_place: true }, { into: `${db.database}_bad` }, { table: ['app.orders'] }])
      await expect(planRestore(context, { backup: file, ...input })).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(/is not loaded: line \d+ of it has: /),
      });
    expect(existsSync(proof)).toBe(false);
  },
);

test('what is no dump of one database is named as what it is', async () => {
  const file = (name: string, text: string) => {
    const path = join(home, name);
    writeFileSync(path, text);
    return path;
  };
  const refusals: [string, RegExp][] = [
    [await dump('tar.dump', '-Ft'), /is a tar archive/],
    [await dump('archive.tar', '-Ft'), /is a tar archive/],
    [file('cluster.sql', '--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE x;\n'), /by pg_dumpall/],
    [file('notes.sql', 'remember the milk\n'), /is no dump of pg_dump/],
    [file('script.sql', 'CREATE TABLE a (b int);\n'), /is no dump of pg_dump/],
    [file('cut.sql', '--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE a (b int);\n'), /is cut off/],
    [file('empty.sql', ''), /is empty/],
  ];
  for (const [backup, message] of refusals)
    await expect(planRestore(context, { backup }), backup).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(message),
    });
});
