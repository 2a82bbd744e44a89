import { beforeAll, describe, expect, test } from 'vitest';
import { readSection } from '../../../../src/ops/migrate/sql/section.ts';
import type { Section } from '../../../../src/ops/migrate/sql/statement.ts';
import { loadParser, type Parser } from '../../../../src/ops/sql/parser.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

const read = (sql: string, alone?: string): Section =>
  readSection(parser, { sql, file: 'a.sql', line: 1 }, alone);
const cut = (sql: string) => read(sql).statements.map((statement) => [statement.line, statement.sql]);

describe('statements', () => {
  test('are cut by bytes, whatever is in them', () => {
    expect(
      cut(`-- 说明；\nSELECT '你好; 🛒' AS "名;";\n\n/* a /* b; */ ; */ SELECT $x$;$$;$x$;SELECT 3`),
    ).toEqual([
      [2, `SELECT '你好; 🛒' AS "名;"`],
      [4, 'SELECT $x$;$$;$x$'],
      [4, 'SELECT 3'],
    ]);
  });

  test('BEGIN ATOMIC and the actions of a rule are one statement', () => {
    const body = 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC\n  SELECT 1;\n  SELECT 2;\nEND';
    const rule = 'CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2)';
    expect(cut(`${body};\n${rule};\n`)).toEqual([
      [1, body],
      [5, rule],
    ]);
  });

  test('Windows line ends count as one line', () => {
    expect(cut('SELECT 1;\r\n-- x\r\nSELECT 2;\r\n')).toEqual([
      [1, 'SELECT 1'],
      [3, 'SELECT 2'],
    ]);
  });

  test('a comment at the end is no part of the last one, a body that ends like one is', () => {
    expect(cut('SELECT 1\n-- the end\n -- really\n')).toEqual([[1, 'SELECT 1']]);
    expect(cut('DO $$\nBEGIN NULL; END\n-- the end $$')).toEqual([
      [1, 'DO $$\nBEGIN NULL; END\n-- the end $$'],
    ]);
  });

  test.each(['', '  \n', '-- nothing\n', ';;\n', '/* a */ ; -- b'])('%j has none', (sql) => {
    expect(read(sql)).toMatchObject({ statements: [], error: undefined, transactional: true });
  });

  test('thousands of them', () => {
    const sql = Array.from({ length: 5000 }, (_, at) => `INSERT INTO t VALUES (${at}, '値${at}');`).join(
      '\n',
    );
    const { statements } = read(sql);
    expect(statements).toHaveLength(5000);
    expect(statements[4999]).toMatchObject({ line: 5000, sql: "INSERT INTO t VALUES (4999, '値4999')" });
  });
});

describe('what is no SQL for the server', () => {
  test.each([
    ['SELECT 1;\n\n  ALTER TABL x;', 'a.sql:3:9: syntax error at or near "TABL"'],
    ["SELECT '你好🛒' FROM FROM t", 'a.sql:1:19: syntax error at or near "FROM"'],
    ["SELECT 1;\nSELECT 'abc", `a.sql:2:8: unterminated quoted string at or near "'abc"`],
    [
      'SELECT 1;\n\\connect shop\n',
      'a.sql:2:1: \\connect is a command of psql, which the server does not know',
    ],
    ["INSERT INTO t VALUES (:'name');", "a.sql:1:23: :'name'); is a variable of psql"],
    [`GRANT SELECT ON t TO $\{APP_ROLE};`, `a.sql:1:22: $\{APP_ROLE} is filled in by another program`],
    ['{{if .postgres}}\nSELECT 1;\n{{end}}', 'a.sql:1:1: {{if .postgres}} is filled in by another program'],
    ["COPY t FROM stdin;\n1\tit's\n\\.\n", 'a.sql:2:1: COPY … FROM stdin with its data'],
    ['SELECT 1;\nCOPY t FROM stdin;', 'a.sql:2: COPY … FROM stdin with its data'],
    ['COPY t TO stdout;', 'a.sql:1: COPY … TO stdout gives rows to psql'],
    ['<<<<<<< HEAD\nSELECT 1;\n=======\n', 'a.sql:1:1: syntax error at or near "<<<<<<<"'],
  ])('%j', (sql, error) => {
    const section = read(sql);
    expect(section.error).toContain(error);
    expect(section.statements).toEqual([]);
  });

  test('COPY from a file of the server is SQL', () => {
    expect(read(`COPY t FROM '/tmp/x'`)).toMatchObject({ error: undefined, transactional: true });
  });
});

describe('transactions', () => {
  test.each([
    'CREATE INDEX CONCURRENTLY i ON t (a)',
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)',
    'DROP INDEX CONCURRENTLY i',
    'REINDEX TABLE CONCURRENTLY t',
    'REINDEX (CONCURRENTLY) INDEX i',
    'REINDEX SCHEMA public',
    'VACUUM',
    'VACUUM (ANALYZE) t',
    'CREATE DATABASE d',
    'DROP DATABASE d',
    "ALTER SYSTEM SET work_mem = '1MB'",
    'ALTER DATABASE d SET TABLESPACE s',
    'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
    'CLUSTER',
    'DISCARD ALL',
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
    'DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$',
  ])('%s runs outside', (sql) => {
    const { transactional, why, statements } = read(`SELECT 1;\n${sql};`);
    expect(transactional).toBe(false);
    expect(why).toMatch(/cannot run in a transaction \(line 2\)$/);
    expect(statements[1]?.alone).toBeDefined();
  });

  test.each([
    'CREATE INDEX i ON t (a)',
    'REINDEX TABLE t',
    'ANALYZE t',
    "ALTER TYPE mood ADD VALUE 'x'",
    'ALTER DATABASE d SET work_mem = 1000',
    'ALTER TABLE t DETACH PARTITION p',
    'CLUSTER t',
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)",
    "DO $$ BEGIN RAISE NOTICE 'COMMIT;'; -- COMMIT;\n END $$",
    'SAVEPOINT a; RELEASE a',
  ])('%s runs inside', (sql) => {
    expect(read(sql)).toMatchObject({ transactional: true, why: undefined, error: undefined });
  });

  test('what the file says is heeded', () => {
    expect(read('SELECT 1', 'the file says so')).toMatchObject({
      transactional: false,
      why: 'the file says so',
    });
  });

  test('a BEGIN and COMMIT around everything are left out, and the transaction is ours', () => {
    const section = read('BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;', 'the file says so');
    expect(section).toMatchObject({ transactional: true, error: undefined });
    expect(section.statements.map(({ sql }) => sql)).toEqual(['CREATE TABLE t (a int)']);
  });

  test.each([
    'BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT',
    'SELECT 0; BEGIN; SELECT 1; COMMIT',
    'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT',
  ])('%s makes its own', (sql) => {
    const section = read(sql);
    expect(section).toMatchObject({ transactional: false, why: 'it makes its own transactions (line 1)' });
    expect(section.statements.length).toBe(sql.split(';').length);
  });

  test.each([
    ['BEGIN;\nSELECT 1;', 'a.sql:1: BEGIN has no COMMIT after it.'],
    ['SELECT 1;\nCOMMIT;', 'a.sql:2: COMMIT has no BEGIN before it.'],
    ['BEGIN;\nBEGIN;\nCOMMIT;', 'a.sql:2: BEGIN, and the one of line 1 is still open.'],
    [
      'BEGIN;\nSELECT 1;\nROLLBACK;',
      'a.sql:3: ROLLBACK rolls back what was done since line 1, and the history would have it as done.',
    ],
    ['BEGIN;\nVACUUM;\nCOMMIT;', 'a.sql:2: VACUUM cannot run in a transaction, and BEGIN of line 1 is open.'],
  ])('%j is refused', (sql, error) => {
    expect(read(sql).error).toBe(error);
  });
});

describe('checksum', () => {
  const sum = (sql: string) => read(sql).checksum;
  const base = `CREATE TABLE t (a int, b text DEFAULT 'x;y');\nSELECT $$ a\nb $$;`;

  test.each([
    [
      'comments',
      `-- first\nCREATE TABLE t /* here */ (a int, b text DEFAULT 'x;y');\nSELECT $$ a\nb $$; -- last`,
    ],
    ['blanks', `CREATE  TABLE t(a int,\n\n b text DEFAULT 'x;y') ;\n\nSELECT $$ a\nb $$;\n\n`],
    ['line ends', base.replaceAll('\n', '\r\n')],
  ])('%s do not count', (_what, sql) => {
    expect(sum(sql)).toBe(sum(base));
  });

  test.each([
    ['a number', 'SELECT 1', 'SELECT 2'],
    ['a string', "SELECT 'a'", "SELECT 'b'"],
    ['blanks in a string', "SELECT 'a b'", "SELECT 'a  b'"],
    ['a name', 'SELECT a', 'SELECT b'],
    ['quotes', 'SELECT "A"', 'SELECT A'],
    ['where words part', "SELECT 'a' 'b'", "SELECT 'a'\n'b c'"],
    ['a body', 'DO $$ a $$', 'DO $$ b $$'],
  ])('%s counts', (_what, one, other) => {
    expect(sum(one)).not.toBe(sum(other));
  });

  test('of strings with anything in them', () => {
    const strange = `SELECT E'\\t\\'"', 'tab\there', '"\\', U&'\\0441', '{"a": "\\u0000"}', '\u0001'`;
    expect(sum(strange)).toMatch(/^tokens:[0-9a-f]{64}$/);
    expect(sum(strange)).not.toBe(sum(strange.replace('here', 'there')));
  });

  test('of what has no tokens goes by lines', () => {
    expect(sum("SELECT 'open")).toMatch(/^lines:/);
  });
});

describe('locks', () => {
  test.each([
    ['CREATE INDEX i ON app.t (a)', 'app.t SHARE'],
    ['CREATE INDEX CONCURRENTLY i ON t (a)', 't SHARE UPDATE EXCLUSIVE'],
    ['ALTER TABLE t ADD COLUMN a int', 't ACCESS EXCLUSIVE'],
    ['ALTER TABLE t VALIDATE CONSTRAINT c', 't SHARE UPDATE EXCLUSIVE'],
    ['ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p', 't SHARE ROW EXCLUSIVE, p SHARE ROW EXCLUSIVE'],
    ['ALTER TABLE t ATTACH PARTITION p DEFAULT', 't SHARE UPDATE EXCLUSIVE, p ACCESS EXCLUSIVE'],
    ['CREATE TABLE t (a int REFERENCES p)', 'p SHARE ROW EXCLUSIVE'],
    ['DROP TABLE a, s.b', 'a ACCESS EXCLUSIVE, s.b ACCESS EXCLUSIVE'],
    ['DROP TRIGGER x ON s.t', 's.t ACCESS EXCLUSIVE'],
    ['LOCK TABLE t IN SHARE MODE', 't SHARE'],
    ['LOCK TABLE t', 't ACCESS EXCLUSIVE'],
    ['UPDATE t SET a = 1', 't ROW EXCLUSIVE'],
    ['REFRESH MATERIALIZED VIEW CONCURRENTLY m', 'm EXCLUSIVE'],
    ['ALTER TABLE t RENAME TO u', 't ACCESS EXCLUSIVE'],
    ['SELECT 1', ''],
  ])('%s', (sql, expected) => {
    const [statement] = read(sql).statements;
    expect(statement?.locks.map(({ relation, mode }) => `${relation} ${mode}`).join(', ')).toBe(expected);
  });
});

test.each(['\n', '\r\n'])('a long text is cut in parts, and never within a statement (%j)', (newline) => {
  const rows = `INSERT INTO t VALUES (1, '${'x'.repeat(1000)};${newline} it''s'), (2, '');`;
  const body = `CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC${newline}SELECT 1;${newline}SELECT 2;${newline}END;`;
  const comment = `SELECT 1 -- no end;${newline} + 2;`;
  const one = [rows, body, comment, `/* ;${newline} */ SELECT $$;${newline}$$;`].join(newline);
  const times = 2500;
  const sql = Array(times).fill(one).join(newline);
  const { statements, error } = readSection(parser, { sql, file: 'x.sql', line: 1 });
  expect(error).toBeUndefined();
  expect(statements.length).toBe(times * 4);
  expect(new Set(statements.map((statement) => statement.sql)).size).toBe(4);
  const lines = one.split('\n').length;
  expect(statements.at(-4)?.line).toBe((times - 1) * lines + 1);
  const broken = readSection(parser, { sql: `${sql}${newline}SELEC 1;`, file: 'x.sql', line: 1 });
  expect(broken.error).toBe(`x.sql:${times * lines + 1}:1: syntax error at or near "SELEC"`);
});
