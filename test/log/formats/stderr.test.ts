import { describe, expect, test } from 'vitest';
import { LogClock } from '../../../src/log/clock.ts';
import type { LogEntry } from '../../../src/log/entry.ts';
import { stderrReader } from '../../../src/log/formats/stderr.ts';

const clock = new LogClock(
  new Map([
    ['CET', 3600],
    ['CEST', 7200],
    ['IST', 19_800],
  ]),
);

function entries(prefix: string, text: string, verbose = false): LogEntry[] {
  const parser = stderrReader(clock, prefix, verbose).parser();
  return [...parser.push(Buffer.from(text)), ...parser.end()];
}

const set = (entry: LogEntry | undefined) =>
  Object.fromEntries(Object.entries(entry ?? {}).filter(([, value]) => value !== null));
const AT = Date.UTC(2026, 10, 29, 1, 2, 3, 456);

describe('log_line_prefix', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['%m [%p] ', '2026-11-29 01:02:03.456 UTC [4711] ', { at: AT, pid: 4711 }],
    ['%m [%p] ', '2026-11-29 06:32:03.456 IST [4711] ', { at: AT, pid: 4711 }],
    ['%t [%p]: ', '2026-11-29 02:02:03 CET [4711]: ', { at: AT - 456, pid: 4711 }],
    ['%n %p ', '1795914123.456 4711 ', { at: AT, pid: 4711 }],
    [
      '%t:%r:%u@%d:[%p]:',
      '2026-11-29 01:02:03 UTC:10.0.0.7(5432):app@shop:[4711]:',
      { at: AT - 456, pid: 4711, user: 'app', database: 'shop', host: '10.0.0.7(5432)' },
    ],
    ['%t:%r:%u@%d:[%p]:', '2026-11-29 01:02:03 UTC::@:[4711]:', { at: AT - 456, pid: 4711 }],
    [
      '%m [%p] %q%u@%d/%a ',
      '2026-11-29 01:02:03.456 UTC [4711] app@shop/job: nightly, part 2 ',
      { at: AT, pid: 4711, user: 'app', database: 'shop', application: 'job: nightly, part 2' },
    ],
    ['%m [%p] %q%u@%d/%a ', '2026-11-29 01:02:03.456 UTC [4711] ', { at: AT, pid: 4711 }],
    [
      '%m %p:%l %e %h %b (%Q)',
      '2026-11-29 01:02:03.456 +0545 4711:3 42P01 ::1 client backend (-77)',
      {
        at: AT - 20_700_000,
        pid: 4711,
        sqlstate: '42P01',
        host: '::1',
        backendType: 'client backend',
        queryId: '-77',
      },
    ],
    [
      '<%-10u|%8d> %p %c %v %x %i %s %P %% ',
      '<app       |    shop> 4711 65f2.4d2 3/12 0 SELECT 2026-11-29 01:02:03 UTC  % ',
      { pid: 4711, user: 'app', database: 'shop', sessionId: '65f2.4d2' },
    ],
    // an escape that is none is written as nothing
    ['%z%p|', '4711|', { pid: 4711 }],
    ['', '', {}],
  ])('%j', (prefix, written, expected) => {
    const text = `${written}ERROR:  relation "x" does not exist\n${written}STATEMENT:  SELECT *\n\tFROM x\n`;
    expect(entries(prefix, text).map(set)).toEqual([
      {
        severity: 'error',
        message: 'relation "x" does not exist',
        statement: 'SELECT *\nFROM x',
        ...expected,
      },
    ]);
  });

  test('an hour that comes twice in autumn is told apart by the name of the zone; a name of another zone tells nothing', () => {
    const [summer, winter, other] = entries(
      '%m ',
      ['CEST', 'CET', 'XYZ'].map((zone) => `2026-10-25 02:30:00.000 ${zone} LOG:  x\n`).join(''),
    );
    expect([summer?.at, winter?.at, other?.at]).toEqual([
      Date.UTC(2026, 9, 25, 0, 30),
      Date.UTC(2026, 9, 25, 1, 30),
      null,
    ]);
  });

  // the second as a process without an encoding writes it
  test.each(['»', '>>'])(
    'a prefix that was changed (%s) holds from the message on that says so, also for lines that are still written by the old one',
    (quote) => {
      const found = entries(
        '%m [%p] ',
        [
          '2026-11-29 01:02:03.456 UTC [1] LOG:  Parameter »log_line_prefix« auf »%p <%u> « gesetzt'
            .replaceAll('»', quote)
            .replaceAll('«', quote === '»' ? '«' : '<<'),
          '7 <app> FEHLER:  neu',
          '2026-11-29 01:02:03.456 UTC [8] FEHLER:  alt\n',
        ].join('\n'),
      );
      expect(found.map(({ severity, pid, message }) => [severity, pid, message]).slice(1)).toEqual([
        ['error', 7, 'neu'],
        ['error', 8, 'alt'],
      ]);
    },
  );

  test.each([
    ['%m %a %u %d %i ', `2026-11-29 01:02:03.456 UTC ${'a '.repeat(185)}`],
    // what stands where is not to be told, and whoever connects writes it
    ['%a%u%d%h%b%i', ' '.repeat(390)],
    ['%m [%p] %a %u %d %b %i ', `2026-11-29 01:02:03.456 UTC [7] ${' '.repeat(360)}@`],
  ])('no name in a prefix makes a line take long: %j', (prefix, before) => {
    const began = performance.now();
    entries(prefix, `${before}ERROR:  x: ERROR:  x${'a '.repeat(100_000)}\n`.repeat(20));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('languages', () => {
  // as servers of 15 wrote them with lc_messages set
  test.each([
    ['de', 'FEHLER', 'ANWEISUNG:  ', 'TIPP:  ', 'ZUSAMMENHANG:  '],
    ['fr', 'ERREUR', 'INSTRUCTION :  ', 'ASTUCE :  ', 'CONTEXTE :  '],
    ['ru', 'ОШИБКА', 'ОПЕРАТОР:  ', 'ПОДСКАЗКА:  ', 'КОНТЕКСТ:  '],
    ['zh_CN', '错误', '语句:  ', '提示:  ', '上下文:  '],
    ['ja', 'ERROR', '文:  ', 'ヒント:  ', '文脈:  '],
    ['ko', '오류', '명령 구문:  ', '힌트:  ', '내용:  '],
    ['pt_BR', 'ERRO', 'COMANDO:  ', 'DICA:  ', 'CONTEXTO:  '],
  ])('%s', (_, word, statement, hint, context) => {
    const prefix = '2026-11-29 01:02:03.456 UTC [7] ';
    const text = [`${word}:  x`, `${hint}y`, `${context}z`, '\tzz', `${statement}s`]
      .map((line) => (line.startsWith('\t') ? line : `${prefix}${line}`))
      .join('\n');
    expect(entries('%m [%p] ', `${text}\n`)).toMatchObject([
      { severity: 'error', message: 'x', hint: 'y', context: 'z\nzz', statement: 's' },
    ]);
  });

  test('a word that is not known is told by SQLSTATE, where the prefix has it', () => {
    const words = (state: string) => `2026-11-29 01:02:03.456 UTC ${state} BŁĄD:  x\n`;
    expect(
      entries('%m %e ', words('42P01') + words('00000') + words('01000')).map((e) => e.severity),
    ).toEqual(['error', 'log', 'warning']);
    for (const word of ['BŁĄD', '??'])
      expect(entries('%m ', `2026-11-29 01:02:03.456 UTC ${word}:  x\n`)).toMatchObject([
        { at: AT, severity: null, message: 'x' },
      ]);
  });
});

test('SQLSTATE and place of log_error_verbosity = verbose', () => {
  const line = (text: string) => `2026-11-29 01:02:03.456 UTC [7] ${text}\n`;
  const text = line('ERROR:  42601: syntax error') + line('LOCATION:  scanner_yyerror, scan.l:1241');
  expect(entries('%m [%p] ', text, true)).toMatchObject([{ sqlstate: '42601', message: 'syntax error' }]);
  // what anybody may raise
  expect(entries('%m [%p] ', line('ERROR:  ITEM1: missing'))).toMatchObject([
    { sqlstate: null, message: 'ITEM1: missing' },
  ]);
});

test('what a program writes to the stderr of the server is told as it is', () => {
  const text = [
    'cp: cannot stat x',
    '2026-11-29 01:02:03.456 UTC [7] LOG:  archive command failed with exit code 1',
    '2026-11-29 01:02:03.456 UTC [7] DETAIL:  The failed archive command was: cp x y',
    'mv:  also',
    '\ttab\n',
  ].join('\n');
  expect(entries('%m [%p] ', text).map(set)).toEqual([
    { message: 'cp: cannot stat x' },
    {
      at: AT,
      pid: 7,
      severity: 'log',
      message: 'archive command failed with exit code 1',
      detail: 'The failed archive command was: cp x y',
    },
    { message: 'mv:  also\ntab' },
  ]);
});

test('what belongs to a message of another process is not taken for its own', () => {
  const text = [
    '2026-11-29 01:02:03.456 UTC [7] ERROR:  seven',
    '2026-11-29 01:02:03.456 UTC [8] STATEMENT:  eight\n',
  ].join('\n');
  expect(entries('%m [%p] ', text)[0]).toMatchObject({ message: 'seven', statement: null });
});
