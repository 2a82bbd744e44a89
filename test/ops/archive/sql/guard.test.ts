import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { SqlGuard } from '../../../../src/ops/archive/sql/guard.ts';
import { GuardStream } from '../../../../src/ops/archive/sql/guard-stream.ts';
import { Refusal } from '../../../../src/ops/archive/sql/lexer/listener.ts';
import type { Dumped } from '../../../../src/ops/archive/sql/tally.ts';

const PIECES = [1, 2, 3, 5, 7, 64, 1 << 20];

/** Reads a text in pieces of some size. */
function read(text: string | Buffer, piece = 1 << 20): { dumped: Dumped; guard: SqlGuard } {
  const guard = new SqlGuard();
  const all = Buffer.from(text as string);
  for (let at = 0; at < all.length; at += piece) guard.write(all.subarray(at, at + piece));
  return { dumped: guard.end(), guard };
}

/** What a text is refused for, the same in pieces of every size; undefined when it is not. */
function refusal(text: string | Buffer): string | undefined {
  const found = PIECES.map((piece) => {
    try {
      read(text, piece);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return `${error.line}: ${error.message}`;
      throw error;
    }
  });
  expect(new Set(found).size, String(found)).toBe(1);
  return found[0];
}

const COPY = 'COPY public.t (a, b) FROM stdin;\n';
const LF = '\n';

/** Of psql's manual, 13 to 18. */
const COMMANDS =
  String.raw`\! \? \a \bind \bind_named \c \C \cd \close_prepared \close \conninfo \connect \copy \copyright \crosstabview \d \dA \dAc \dAf
\dAo \dAp \da \db \dc \dC \dConfig \dd \dD \ddp \dE \des \det \deu \dew \df \dF \dFd \dFp \dFt \dg \di \dl \dL \dm \dn \do \dO \dp
\dP \dRp \drds \drg \dRs \ds \dt \dT \du \dv \dx \dX \dy \e \echo \ef \elif \else \encoding \endif \endpipeline \errverbose \ev \f
\flush \flushrequest \g \gdesc \getenv \getresults \gexec \gset \gx \h \H \i \if \ir \include \include_relative \l \lo_export
\lo_import \lo_list \lo_unlink \o \out \p \parse \password \print \prompt \pset \q \qecho \quit \r \reset \restrict \s \sendpipeline
\set \setenv \sf \startpipeline \sv \syncpipeline \t \T \timing \unrestrict \unset \w \warn \watch \write \x \z \; \: \. \list`.split(
    /\s+/,
  );

test.each([
  (name: string) => name,
  (name: string) => `${name} something else`,
  (name: string) => `SELECT 'x' ${name} | sh`,
  (name: string) => `SELECT 1${name};`,
  (name: string) => `/* a /* b */ c */ ${name}`,
  (name: string) => `'it''s' "a""b" $q$ $ $$ $q$${name}`,
  (name: string) => `-- a comment\r${name}`,
])('no command of psql is passed, wherever it stands: %s', (around) => {
  for (const name of COMMANDS)
    expect(refusal(`SELECT 1;\n${COPY}1\t2\n\\.\n${around(name)}\n`), name).toMatch(/^\d+: \\/);
});

describe('what psql would run, and a reader might take for text', () => {
  test.each<[string, string | Buffer]>([
    ['after a dollar quote', '$a$ \\! no $b$ $a$ \\! id'],
    ['after what is no dollar quote', 'a$b$ \\! id $b$'],
    ['after a name', '"a\\" \\! id "b"'],
    ['after a string', "'a\\' \\! id '"],
    ['after an escape string', "E'a\\'b\\\\' \\! id '"],
    ['after one with a doubled quote', "E'a''\\'b' \\! id"],
    [
      'where strings have escapes',
      "SET standard_conforming_strings = off;\nSELECT 'a\\' \\! no ', '\\\\' \\! id '",
    ],
    [
      'no longer',
      "SET standard_conforming_strings = off;\nSET standard_conforming_strings = on;\nSELECT 'a\\' \\! id '",
    ],
    ['after a nested comment', '/* /* */ \\! no */ \\! id'],
    ['after a comment in an operator', 'SELECT 1 +/* \\! no */ \\! id'],
    ['after a variable', ':begin \\! id'],
    ['in a parenthesis', 'SELECT (1, \\! id'],
    ['behind a byte order mark', '\ufeff\\! id'],
    ['below what only looks like the head of rows', "SELECT 'COPY t FROM stdin;\n'; \\! id"],
    ['below one in a comment', '/*\nCOPY public.t (a) FROM stdin;\n*/ \\! id\n\\.\n'],
    ['below one in a dollar quote', '$$\nCOPY public.t (a) FROM stdin;\n$$\n\\! id\n\\.\n'],
    ['below one to stdout', 'COPY public.t (a) TO stdout;\n\\! id\n'],
    ['after rows', `${COPY}1\n\\.\n\\! id\n`],
    ['after rows with line ends of Windows', `${COPY}1\r\n\\.\r\n\\! id\r\n`],
    ['after no rows', `${COPY}\\.\n\\! id`],
    ['on the line of a head', 'COPY t FROM stdin; \\! id\n1\n\\.\n'],
    [
      'in SJIS, where a byte is a backslash',
      Buffer.concat([
        Buffer.from("SET client_encoding = 'SJIS';\nSELECT E'"),
        Buffer.from([0x83, 0x5c]),
        Buffer.from("' \\! id '"),
      ]),
    ],
    [
      'in SJIS, where a byte hides a quote',
      Buffer.concat([
        Buffer.from("SET client_encoding = 'sjis';\nSELECT '"),
        Buffer.from([0x81, 0x27]),
        Buffer.from(" \\! no ' \\! id '"),
      ]),
    ],
    [
      'in GB18030',
      Buffer.concat([
        Buffer.from("SET client_encoding TO 'GB18030';\nSELECT '"),
        Buffer.from([0x81, 0x30, 0x81, 0x27]),
        Buffer.from("' \\! id '"),
      ]),
    ],
    [
      'in SJIS in a dollar quote',
      Buffer.concat([
        Buffer.from("SET client_encoding = 'SJIS';\nSELECT $$"),
        Buffer.from([0x81, 0x24]),
        Buffer.from('$ \\! no $$ \\! id'),
      ]),
    ],
  ])('%s', (_, text) =>
    expect(refusal(text)).toMatch(/^\d+: (\\!|something between|copy public \. t \( a \) to stdout)/),
  );

  test.each([
    ['a program', "COPY t FROM PROGRAM 'id';", 'only COPY … FROM stdin'],
    ['one that is written to', "copy /* x */ t to program 'id';", 'only COPY … FROM stdin'],
    ['a file of the server', "COPY t FROM '/etc/passwd';", 'only COPY … FROM stdin'],
    ['options', 'COPY t FROM stdin WITH (FORMAT csv);\n1\n\\.\n', 'only COPY … FROM stdin'],
    [
      'rows that psql waits with',
      'CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS $$SELECT 1$$; COPY t FROM stdin;\n\\! id\n\\.\n',
      'within another',
    ],
    ['rows in a parenthesis', 'SELECT (1; COPY t FROM stdin;\n\\! id\n\\.\n', 'within another'],
    ['a database', 'CREATE DATABASE x;', 'create database x'],
    ['a role', ' alter  ROLE postgres SUPERUSER;', 'alter role postgres'],
    ['the server', "ALTER SYSTEM SET x = '1';", 'alter system'],
    ['variables', "SELECT :'USER';", "the variable :'USER'"],
    ['variables as names', 'SELECT :"USER";', 'the variable :"USER"'],
    ['variables as text', 'SELECT :LAST_ERROR_MESSAGE;', 'the variable :LAST_ERROR_MESSAGE'],
    ['questions for variables', 'SELECT :{?x};', 'the variable :{?'],
    ['a NUL byte', 'SELECT 1;\0', 'a NUL byte'],
    ['UTF-16', Buffer.from('SELECT 1;', 'utf16le').toString('latin1'), 'a NUL byte'],
    ['an encoding that is none', "SET client_encoding = 'nonsense';\nSELECT 1;\n", 'the encoding nonsense'],
    ['a setting that cannot be followed', "SET client_encoding = 'SJIS'; SELECT 1;", 'on the line of a SET'],
    [
      'one in a function',
      "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);",
      'how the rest is read',
    ],
    ['a reset', 'RESET ALL;', 'how the rest is read'],
    ['a string that goes on', "SELECT E'a'\n'b';", 'goes on after a line break'],
    ['a number that runs into a string', "SELECT 1E'\\';", 'the number 1E'],
  ])('%s: refused', (_, text, why) => expect(refusal(text)).toContain(why));
});

/** What databases hold, as pg_dump writes it. */
const HOSTILE = [
  '\\restrict abcDEF123\n\n',
  "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n",
  "SELECT pg_catalog.set_config('search_path', '', false);\n",
  'CREATE FUNCTION app.f() RETURNS text LANGUAGE plpgsql AS $_$\nBEGIN\n\\! id\nCOPY app.t (a) FROM stdin;\n1\n\\.\nRETURN $$\\g | sh$$; END $_$;\n',
  'CREATE FUNCTION app.g(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN n > 0 THEN 1 ELSE 2 END; SELECT 2; END;\n',
  "COMMENT ON FUNCTION app.f() IS 'a; \\! id ''; -- \\g';\n",
  "COMMENT ON TABLE app.t IS 'ends in \\';\n",
  'CREATE VIEW app.v AS\n SELECT (t.a)[1:2] AS x, (t.a)[t.b:t.c] AS y, (t.b)::text AS z, ((t.b #> 1) ## 2) AS w\n   FROM app.t;\n',
  'CREATE USER MAPPING FOR app SERVER s;\n',
  'CREATE TABLE app.t (\n    a integer[],\n    "odd (name);" text DEFAULT \'\\\'::text\n);\n',
  'CREATE TABLE app."new\nline" (\n    "x\ny" integer\n);\n',
  'CREATE TABLE app.p (\n    a integer\n)\nPARTITION BY RANGE (a);\n',
  'CREATE UNLOGGED TABLE app.ins (\n    a integer,\n    b text\n);\n',
  'COPY app.t (a, "odd (name);") FROM stdin;\n{1}\t\\\\! id\n{2}\t\\\\g | sh\n{3}\tCOPY app.t (a) FROM stdin;\n{4}\t\\\\.\n\\.\n\n\n',
  'COPY app."new\nline" ("x\ny") FROM stdin;\n\\.\n\n\n',
  "INSERT INTO app.ins VALUES (1, 'a (b), (c)');\nINSERT INTO app.ins (a, b) OVERRIDING SYSTEM VALUE VALUES\n\t(2, '\\'),\n\t(3, E'\\\\''('),\n\t(4, upper('x')) ON CONFLICT DO NOTHING;\nINSERT INTO app.ins DEFAULT VALUES;\n",
  "SELECT pg_catalog.lo_create('16390');\nALTER TABLE ONLY app.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (a);\nCREATE UNIQUE INDEX i ON app.t USING btree (a);\n",
  '\\unrestrict abcDEF123\n',
].join('');

test.each(PIECES)('what pg_dump writes is read as what it is, in pieces of %i bytes', (piece) => {
  const { dumped, guard } = read(HOSTILE, piece);
  const table = (name: string, rest: object) => ({
    schema: 'app',
    name,
    defined: true,
    plain: true,
    ...rest,
  });
  expect(dumped.tables).toEqual([
    table('t', { rows: 4, copyBytes: 63 }),
    table('new\nline', { rows: 0, copyBytes: 0 }),
    table('p', { plain: false, rows: undefined, copyBytes: null }),
    table('ins', { rows: 5, copyBytes: null }),
  ]);
  expect(Object.fromEntries(dumped.objects)).toEqual({
    function: 2,
    view: 1,
    'large object': 1,
    constraint: 1,
    index: 1,
  });
  // the comment that ends in a backslash
  expect(guard.doubt).toBe(HOSTILE.slice(0, HOSTILE.indexOf("in \\'")).split(LF).length);
  expect(guard.consumed).toBe(Buffer.byteLength(HOSTILE));
});

describe('before psql', () => {
  const through = async (text: string, piece: number, restricts = true) => {
    const all = Buffer.from(text);
    const pieces = Array.from({ length: Math.ceil(all.length / piece) }, (_, n) =>
      all.subarray(n * piece, (n + 1) * piece),
    );
    return (await buffer(Readable.from(pieces).pipe(new GuardStream({ restricts })))).toString();
  };

  test.each([1, 7, 1 << 20])(
    'all but the keys of the dump is passed on, in pieces of %i bytes',
    async (piece) => {
      const passed = await through(HOSTILE, piece);
      expect(passed).toMatch(/^\\restrict [0-9a-f]{48}\n/);
      expect(passed.slice(passed.indexOf(LF) + 1)).toBe(HOSTILE.replaceAll(/^\\(un)?restrict .*$/gm, ''));
      expect(await through('SELECT 1;\n', piece, false)).toBe('SELECT 1;\n');
    },
  );

  test('nothing from a command on is passed', async () => {
    const stream = new GuardStream({ restricts: false });
    let passed = '';
    stream.on('data', (some) => {
      passed += some;
    });
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.write('SELECT 1;\n');
    stream.end('SELECT 2;\n\\! id\nSELECT 3;\n');
    expect((await failed).message).toBe('The load was ended at line 3 of what is loaded: \\! id.');
    expect(passed).toBe('SELECT 1;\n');
  });
});
