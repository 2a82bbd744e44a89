import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { destination, sqliteFile } from '../../../ops/import/stage.ts';
import { concerns, done, planned } from '../../../ops/role/stage.ts';

const { home, sql, rows, here, report: next } = destination();

/** Brings it over; what could not be carried over, and the rejects by their key and column. */
async function brought(text: string, more: Record<string, unknown> = {}) {
  const report = next();
  const { end, plan } = await done('import sqlite', { file: sqliteFile(text), report, ...more }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  const told = JSON.parse(readFileSync(`${report}.json`, 'utf8'));
  const lines = told.rejects_file === null ? '' : readFileSync(told.rejects_file, 'utf8').trimEnd();
  return {
    plan,
    manual: told.not_carried_over.map(({ what, why }: { what: string; why: string }) => `${what}: ${why}`),
    notes: Object.fromEntries(
      told.columns.map((one: { column: string; notes: string[] }) => [one.column, one.notes.join('; ')]),
    ),
    rejects:
      lines === ''
        ? []
        : lines
            .split('\n')
            .map((line) => JSON.parse(line))
            .map(({ key, column, reason }) => `${key} ${column}: ${reason}`),
  };
}

test('numbers: none is rounded, and what fits nowhere is named', async () => {
  const { rejects } = await brought(
    `CREATE TABLE n (id INTEGER PRIMARY KEY, i BIGINT, r REAL, d DECIMAL(6,2), any, weird POINT, "unsigned" "INT UNSIGNED");
     INSERT INTO n VALUES (1, 9007199254740993, 0.1, 12.5, 9223372036854775807, 'POINT(1 2)', 7), (2, -9223372036854775808, 9e999, '0.10', -1, NULL, NULL),
       (3, 1.0, 1e-300, 3, NULL, NULL, 4294967296), (4, '12,5', 9007199254740993, 1, 1, NULL, NULL), (5, '00012', 1, 1, 1, 'x', 1);`,
    { reject: true },
  );
  expect(
    await rows('SELECT i::text, r::text, d::text, n.any::text, weird, "unsigned"::text FROM n ORDER BY id'),
  ).toEqual([
    ['9007199254740993', '0.1', '12.50', '9223372036854775807', 'POINT(1 2)', '7'],
    ['-9223372036854775808', 'Infinity', '0.10', '-1', null, null],
    ['1', '1e-300', '3.00', null, null, '4294967296'],
    ['12', '1', '1.00', '1', 'x', '1'],
  ]);
  // REAL keeps 9007199254740992 of what was written: SQLite has rounded it when it came
  expect(rejects).toEqual(['4 i: text that is no integer']);
});

test('times: seconds, milliseconds, microseconds and texts of one column; what is none is named', async () => {
  const { notes, rejects } = await brought(
    `CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME, day DATE, clock TIME);
     INSERT INTO t VALUES (1, 1700000000, '2024-02-29', '08:00'), (2, 1700000000123, '2024-01-01 00:00:00', '23:59:59.5'), (3, '2024-01-01T12:00:00+02:00', NULL, NULL),
       (4, '2026-13-45', NULL, NULL), (5, '0000-00-00', NULL, NULL), (6, '', NULL, NULL), (7, 5, NULL, NULL), (8, 1700000000123456, NULL, NULL), (9, 2460310.5, NULL, NULL);`,
    { reject: true, zone: '+02:00' },
  );
  expect(await rows('SELECT id::int, at::text, day::text, clock::text FROM t ORDER BY id')).toEqual([
    [1, '2023-11-14 22:13:20+00', '2024-02-29', '08:00:00'],
    [2, '2023-11-14 22:13:20.123+00', '2024-01-01', '23:59:59.5'],
    [3, '2024-01-01 10:00:00+00', null, null],
    [8, '2023-11-14 22:13:20.123456+00', null, null],
    [9, '2024-01-01 00:00:00+00', null, null],
  ]);
  expect(rejects).toHaveLength(4);
  expect(rejects.map((line) => line.slice(0, 4))).toEqual(['4 at', '5 at', '6 at', '7 at']);
  expect(notes.at).toBe(
    '1 seconds since 1970, 1 milliseconds since 1970, 1 text with a zone, 1 microseconds since 1970, 1 Julian days',
  );
});

test('texts and bytes: what is no UTF-8, a NUL, what is too long, bytes in texts and texts in bytes', async () => {
  const text = `CREATE TABLE x (id INTEGER PRIMARY KEY, a TEXT, v VARCHAR(3), b BLOB, u UUID, j JSON, ok BOOLEAN);
    INSERT INTO x VALUES (1, CAST(x'ff41' AS TEXT), '日本語', x'00ff', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{"k":1}', 'yes'),
      (2, 'a' || char(0) || 'b', 'toolong', 'text', x'a0eebc999c0b4ef8bb6d6bb9bd380a11', '["\\\\u0000"]', 'TRUE'), (3, '\ufffd\\N', '', NULL, NULL, '"\\u0000"', 0),
      (4, x'c3a9', NULL, x'', NULL, 'nope', 1), (5, '\\.', NULL, NULL, NULL, NULL, 'maybe');`;
  const { notes, rejects } = await brought(text, { null: true });
  expect(await rows('SELECT id::int, a, v, b::text, u::text, j::text, ok FROM x ORDER BY id')).toEqual([
    [1, null, '日本語', '\\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"k": 1}', true],
    [2, null, 'toolong', '\\x74657874', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '["\\\\u0000"]', true],
    [3, '\ufffd\\N', '', null, null, null, false],
    [4, 'é', null, '\\x', null, null, true],
    [5, '\\.', null, null, null, null, null],
  ]);
  expect(rejects).toEqual([
    '1 a: a text whose bytes are no UTF-8',
    '2 a: a text with a NUL (U+0000), which PostgreSQL cannot hold',
    '3 j: JSON with \\u0000, which jsonb cannot hold',
    '4 j: a text that is no JSON',
    '5 ok: text that is no boolean',
  ]);
  expect(notes.v).toMatch(/1 of its values does not fit character varying\(3\): longer than 3 characters/);
  await sql('DROP TABLE x');
  await brought(text, { null: true, nul: 'strip' });
  expect(await rows('SELECT a FROM x WHERE id = 2')).toEqual([['ab']]);
});

test('names: case, spaces, reserved words, those of PostgreSQL itself, and ones that are too long', async () => {
  const long = 'ä'.repeat(40);
  const { manual } = await brought(
    `CREATE TABLE "User Names" ("Order" INTEGER PRIMARY KEY, "select" TEXT, xmin INT, "a.b""c" INT, "${long}1" INT, "${long}2" INT);
     CREATE TABLE user (id INTEGER, "group" INT REFERENCES "User Names"); CREATE INDEX "By Group" ON user ("group");
     INSERT INTO "User Names" VALUES (1, 'x', 5, 6, 7, 8); INSERT INTO user VALUES (1, 1);`,
  );
  expect(await sql('SELECT * FROM "User Names"')).toEqual([
    {
      Order: '1',
      select: 'x',
      xmin_2: '5',
      'a.b"c': '6',
      [long.slice(0, 31)]: '7',
      [`${long.slice(0, 30)}_2`]: '8',
    },
  ]);
  expect(await rows('SELECT id, "group" FROM "user"')).toEqual([['1', '1']]);
  expect(await rows(`SELECT indexname FROM pg_indexes WHERE tablename = 'user'`)).toEqual([['By Group']]);
  expect(manual).toHaveLength(3);
});

test('keys: those that NULLs, orphans, other types and texts without case stand against', async () => {
  const { manual, plan } = await brought(
    `CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE texts (k TEXT PRIMARY KEY, v TEXT COLLATE NOCASE UNIQUE);
     CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT REFERENCES parent ON DELETE SET NULL, t INT REFERENCES texts, self INT REFERENCES child, gone INT REFERENCES nowhere);
     CREATE TABLE pair (a INT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID; CREATE TABLE times (at DATETIME UNIQUE);
     INSERT INTO parent VALUES (1); INSERT INTO texts VALUES (NULL, 'É'), ('k', 'é'); INSERT INTO pair VALUES (1, 2);
     INSERT INTO child VALUES (1, 1, NULL, 2, NULL), (2, 99, NULL, NULL, NULL); INSERT INTO times VALUES (1704067200), ('2024-01-01');`,
  );
  expect(concerns(plan)[0]).toMatch(/warn child: 1 of its rows refers to nothing in parent \(rowid 2\)/);
  expect(
    await rows(
      `SELECT conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text COLLATE "C", contype, conname`,
    ),
  ).toEqual([
    ['child FOREIGN KEY (parent) REFERENCES parent(id) ON DELETE SET NULL NOT VALID'],
    ['child FOREIGN KEY (self) REFERENCES child(id)'],
    ['child PRIMARY KEY (id)'],
    ['pair PRIMARY KEY (b, a)'],
    ['parent PRIMARY KEY (id)'],
    ['texts UNIQUE (k)'],
    ['texts UNIQUE (v)'],
  ]);
  expect(manual).toEqual([
    expect.stringMatching(/^primary key: k has NULL/),
    expect.stringMatching(/^foreign key \(gone\): nowhere is not imported/),
    expect.stringMatching(/^UNIQUE without case \(v\): it is not made: .*unique/),
    expect.stringMatching(/^UNIQUE \(at\): it is not made: .*unique/),
    expect.stringMatching(/^foreign key \(parent\): it is made NOT VALID/),
    expect.stringMatching(/^foreign key \(t\): it is not made: .*bigint and text/),
  ]);
});

const ORPHANS = `CREATE TABLE team (id INTEGER PRIMARY KEY, size INTEGER);
  CREATE TABLE member (id INTEGER PRIMARY KEY, team INT REFERENCES team DEFERRABLE INITIALLY DEFERRED, boss INT REFERENCES member, code INT UNIQUE);
  CREATE TABLE badge (a INT, code INT REFERENCES member (code), PRIMARY KEY (a));
  INSERT INTO team VALUES (1, 5), (2, 'many'), (3, 7);
  INSERT INTO member VALUES (1, 1, 5, 10), (2, 2, NULL, 20), (3, 9, NULL, 30), (4, NULL, NULL, 40), (5, 3, 3, 50), (6, 1, NULL, NULL);
  INSERT INTO badge VALUES (1, 10), (2, 20), (3, 40), (4, NULL), (5, 77);`;

test('rows that refer to nothing are left out with what refers to them, and the keys hold', async () => {
  const { rejects, plan, manual } = await brought(ORPHANS, { reject: true });
  expect(manual).toEqual([]);
  expect(rejects.sort()).toEqual([
    '1 boss: it refers to a row of member that is left out',
    '1 code: it refers to a row of member that is left out',
    '2 code: it refers to a row of member that is left out',
    '2 size: text that is no integer',
    '2 team: it refers to a row of team that is left out',
    '3 team: it refers to nothing in team',
    '5 boss: it refers to a row of member that is left out',
    '5 code: it refers to nothing in member',
  ]);
  expect(await rows('SELECT id::int FROM member ORDER BY id')).toEqual([[4], [6]]);
  expect(await rows('SELECT a::int FROM badge ORDER BY a')).toEqual([[3], [4]]);
  expect(
    await rows("SELECT conname, convalidated, condeferred FROM pg_constraint WHERE contype = 'f' ORDER BY 1"),
  ).toEqual([
    ['badge_code_fkey', true, false],
    ['member_boss_fkey', true, false],
    ['member_team_fkey', true, true],
  ]);
  expect(concerns(plan)).toEqual([
    expect.stringMatching(/^warn member: 4 of its rows refer to nothing, or to a row that is left out/),
    expect.stringMatching(/^warn badge: 3 of its rows refer/),
    expect.stringMatching(/^warn Values: 1 value has no place/),
  ]);
});

test('a table without rowids, whose rows that refer to nothing cannot be named, keeps them', async () => {
  const { rejects, manual } = await brought(
    `CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (k TEXT PRIMARY KEY, a INT REFERENCES a) WITHOUT ROWID; INSERT INTO b VALUES ('x', 1);`,
    { reject: true },
  );
  expect([rejects, await rows('SELECT k FROM b')]).toEqual([[], [['x']]]);
  expect(manual).toEqual([expect.stringMatching(/^foreign key \(a\): it is made NOT VALID/)]);
});

test('defaults, checks, indexes and generated columns that are expressions', async () => {
  const { manual } = await brought(
    `CREATE TABLE e (id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME DEFAULT (datetime('now')), t TEXT DEFAULT CURRENT_TIMESTAMP, s INT DEFAULT (strftime('%s', 'now')),
       u TEXT DEFAULT (lower(hex(randomblob(16)))), f INT DEFAULT (abs(random())), q TEXT DEFAULT "quoted", h INT DEFAULT 0x1F, bad INT DEFAULT 'none',
       active BOOLEAN DEFAULT TRUE CHECK (active IN (0, 1)), name TEXT CHECK (name GLOB 'a*'), n INT CONSTRAINT positive CHECK (n == 1 OR n <> 2),
       up TEXT AS (upper(name)) STORED, cents INT AS (n * 10 / 4), fmt TEXT AS (printf('%d', n)), rounded INT AS (CAST(n * 0.6 AS INTEGER)));
     CREATE INDEX partly ON e (n) WHERE active AND name LIKE 'A%'; CREATE INDEX nocase ON e (name COLLATE NOCASE DESC); CREATE INDEX instr_ ON e (instr(name, 'x'));
     INSERT INTO e (name, n, active, bad) VALUES ('abc', 1, 1, NULL), ('ax', 3, 0, 7);
     CREATE VIRTUAL TABLE fts USING fts5(body); INSERT INTO fts VALUES ('words'); CREATE VIEW v AS SELECT 1;`,
  );
  expect(
    await rows("SELECT t FROM (SELECT tablename AS t FROM pg_tables WHERE schemaname = 'public') x"),
  ).toEqual([['e']]);
  expect(await rows('SELECT up, cents::int, fmt, rounded::int FROM e ORDER BY id')).toEqual([
    ['ABC', 2, '1', 0],
    ['AX', 7, '3', 1],
  ]);
  const [made] = await sql(
    `INSERT INTO e (name, n) VALUES ('new', 5) RETURNING id::int, at > now() - interval '1 min' AS at, t ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:' AS t, s > 1700000000 AS s, length(u) AS u, f, q, h::int, bad, active`,
  );
  expect(made).toEqual({
    id: 3,
    at: true,
    t: true,
    s: true,
    u: 32,
    f: null,
    q: 'quoted',
    h: 31,
    bad: null,
    active: true,
  });
  await expect(sql("INSERT INTO e (name, n) VALUES ('x', 2)")).rejects.toThrow(/positive/);
  expect(
    await rows(
      `SELECT regexp_replace(indexdef, '.*btree ', '') FROM pg_indexes WHERE indexname IN ('partly', 'nocase', 'instr_') ORDER BY indexname`,
    ),
  ).toEqual([
    ["(strpos(name, 'x'::text))"],
    ['(lower(name) DESC)'],
    ["(n) WHERE (active AND (name ~~* 'A%'::text))"],
  ]);
  expect(manual.map((line: string) => line.replace(/: .*/, ''))).toEqual([
    ...[
      'default of f',
      'default of bad',
      'generated column fmt',
      "check (name GLOB 'a*')",
      'virtual table fts',
      'view v',
    ],
    'generated column rounded',
  ]);
});

test('a table without rows that SQLite numbers, one it has numbered further, and one of nothing but rowids', async () => {
  await brought(
    `CREATE TABLE e (id INTEGER PRIMARY KEY AUTOINCREMENT, v); CREATE TABLE f (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
     INSERT INTO f VALUES (41, 'x'); DELETE FROM f; CREATE TABLE g (id INTEGER PRIMARY KEY); INSERT INTO g VALUES (-5), (12); CREATE TABLE h (v ANY) STRICT;`,
  );
  expect(await rows('INSERT INTO e (v) VALUES (1) RETURNING id')).toEqual([['1']]);
  expect(await rows("INSERT INTO f (v) VALUES ('y') RETURNING id")).toEqual([['42']]);
  expect(await rows('INSERT INTO g DEFAULT VALUES RETURNING id')).toEqual([['13']]);
});

test('a file that is none, is locked, or is damaged refuses the plan with a sentence', async () => {
  await expect(planned('import sqlite', { file: join(home, 'nowhere.db') }, here())).rejects.toMatchObject({
    kind: 'refused',
  });
  await expect(
    planned('import sqlite', { file: sqliteFile('CREATE VIEW v AS SELECT 1') }, here()),
  ).rejects.toThrow(/no table of rows/);
});
