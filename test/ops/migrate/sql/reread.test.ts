import { expect, test } from 'vitest';
import { rereadSection } from '../../../../src/ops/migrate/sql/reread.ts';
import { loadParser } from '../../../../src/ops/sql/parser.ts';

test('a text is parsed once, and again when anything of it is another', async () => {
  const parser = await loadParser();
  let parsed = 0;
  const counting = {
    ...parser,
    parse: (sql: string) => {
      parsed++;
      return parser.parse(sql);
    },
  };
  const read = (sql: string, line = 1, alone?: string) =>
    rereadSection(counting, { sql, file: '1_a.sql', line }, alone);
  expect(read('SELECT 1')).toBe(read('SELECT 1'));
  expect(parsed).toBe(1);
  expect(read('SELECT 1', 7).statements[0]?.line).toBe(7);
  expect(read('SELECT 1', 1, 'the file says so').why).toBe('the file says so');
  expect(read('SELECT 1 +').error).toContain('1_a.sql:1');
  expect(parsed).toBe(4);
});

test('no more of them is kept than has room, the oldest goes first', async () => {
  const parser = await loadParser();
  const long = (n: number) => `SELECT '${String(n).repeat(900_000)}'`;
  const read = (n: number) => rereadSection(parser, { sql: long(n), file: '2_b.sql', line: 1 });
  const [first, second] = [read(1), read(2)];
  expect(read(2)).toBe(second);
  read(3);
  expect(read(2)).toBe(second);
  expect(read(1)).not.toBe(first);
});
