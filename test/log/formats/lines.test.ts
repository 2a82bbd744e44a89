import { describe, expect, test } from 'vitest';
import { LogClock } from '../../../src/log/clock.ts';
import { csvReader } from '../../../src/log/formats/csv.ts';
import { jsonReader } from '../../../src/log/formats/json.ts';
import { Lines } from '../../../src/log/formats/lines.ts';
import { stderrReader } from '../../../src/log/formats/stderr.ts';

const clock = new LogClock(new Map());
const time = '2026-11-29 01:02:03.456 UTC';

describe.each([
  [
    'stderr',
    stderrReader(clock, '%m [%p] ', false),
    `${time} [7] ОШИБКА:  Größe 多字节\n\tзвезда ✷\n${time} [7] ОПЕРАТОР:  SELECT '🐘'\n`,
  ],
  [
    'csvlog',
    csvReader(clock),
    `${time},,,7,,65f2.4d2,3,,${time},3/12,0,ОШИБКА,42601,"Größe 多字节\nзвезда ✷",,,,,,"SELECT '🐘'",8,,,"client backend",,0\n`,
  ],
  [
    'jsonlog',
    jsonReader(clock),
    `{"timestamp":"${time}","pid":7,"error_severity":"ERROR","message":"Größe 多字节\\nзвезда ✷","statement":"SELECT '🐘'"}\n`,
  ],
] as const)('%s', (_, reader, text) => {
  const expected = { severity: 'error', pid: 7, message: 'Größe 多字节\nзвезда ✷', statement: "SELECT '🐘'" };

  test('whatever a read cuts in two is whole when the rest has come', () => {
    const parser = reader.parser();
    const bytes = Buffer.from(text + text);
    const found = [...bytes].flatMap((byte) => parser.push(Buffer.from([byte])));
    expect([...found, ...parser.settle()]).toMatchObject([expected, expected]);
    expect(parser.waiting).toBe(false);
  });

  test('a line without its end waits', () => {
    const parser = reader.parser();
    const bytes = Buffer.from(text);
    expect(parser.push(bytes.subarray(0, 60))).toEqual([]);
    expect(parser.settle()).toEqual([]);
    expect(parser.waiting).toBe(true);
    expect([...parser.push(bytes.subarray(60)), ...parser.settle()]).toMatchObject([expected]);
  });
});

test('a line as long as a gigabyte takes no more memory than is kept of it', () => {
  const lines = new Lines();
  const piece = Buffer.alloc(2 ** 20, 'x');
  for (let n = 0; n < 100; n++) expect(lines.push(piece)).toEqual([]);
  expect(lines.push(Buffer.from('\nnext\n'))).toEqual(['x'.repeat(2 ** 20), 'next']);
});

test('of an object that is too long what was read of it is told', () => {
  const parser = jsonReader(clock).parser();
  const head = `{"timestamp":"${time}","pid":7,"error_severity":"ERROR","state_code":"42601","message":"syntax \\"error\\"","statement":"SELECT `;
  expect(parser.push(Buffer.from(`${head}${'x'.repeat(2 ** 20)}"}\n`))).toMatchObject([
    {
      pid: 7,
      severity: 'error',
      sqlstate: '42601',
      message: 'syntax "error"',
      statement: expect.stringMatching(/^SELECT xxx/),
    },
  ]);
});
