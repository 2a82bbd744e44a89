import { describe, expect, test } from 'vitest';
import {
  compares,
  type FieldSpec,
  faultText,
  parseFilter,
  type Term,
} from '../../../src/text/filter/filter.ts';
import { bytes, durationText } from '../../../src/text/units.ts';
import { random } from '../random.ts';

const FIELDS: readonly FieldSpec[] = [
  { name: 'user', kind: 'text' },
  { name: 'database', also: ['db'], kind: 'text' },
  { name: 'pid', kind: 'number' },
  { name: 'age', kind: 'duration' },
  { name: 'size', kind: 'size' },
  { name: 'hit', kind: 'percent' },
];

function terms(text: string): readonly Term[] {
  const parsed = parseFilter(text, FIELDS);
  if ('fault' in parsed) throw new Error(faultText(text, parsed.fault));
  return parsed.terms;
}

function fault(text: string): string {
  const parsed = parseFilter(text, FIELDS);
  if ('terms' in parsed) throw new Error(`nothing is wrong with ${text}`);
  return faultText(text, parsed.fault);
}

/** A term as one line. */
function told(term: Term): string {
  const not = term.not ? '!' : '';
  switch (term.kind) {
    case 'word':
      return `${not}${term.word}`;
    case 'pattern':
      return `${not}//`;
    case 'fits':
      return `${not}${term.field.name} //`;
    case 'compares':
      return `${not}${term.field.name} ${term.order} ${term.limit}`;
    default:
      return `${not}${term.field.name} ${term.kind} ${term.word}`;
  }
}

test.each([
  ['', []],
  ['  ', []],
  ['!', []],
  ['! !', []],
  ['Select  !IDLE', ['select', '!idle']],
  ['"two Words" x', ['two words', 'x']],
  ['!"two words"', ['!two words']],
  ['"id=5"', ['id=5']],
  ['"say \\"hi\\" \\\\ \\d"', ['say "hi" \\ \\d']],
  ['/^a b/ !/c/i', ['//', '!//']],
  ['/a[/ ]b/', ['//']],
  ['/a\\/b/', ['//']],
  ['user:App DB:shop', ['user contains app', 'database contains shop']],
  ['database=shop', ['database equals shop']],
  ['user:"two words"', ['user contains two words']],
  ['user:"" user=""', ['user equals ', 'user equals ']],
  ['user:/^app/', ['user //']],
  ['!user:app', ['!user contains app']],
  ['pid:2133 pid=1 pid>10k', ['pid = 2133', 'pid = 1', 'pid > 10000']],
  [
    'age>30s age<5m age>=1h30m age<=4d03h age>0',
    ['age > 30', 'age < 300', 'age >= 5400', 'age <= 356400', 'age > 0'],
  ],
  [
    'size>10MB size<1kB size>="1.5 GB" size>10M size>0',
    ['size > 10485760', 'size < 1024', 'size >= 1610612736', 'size > 10485760', 'size > 0'],
  ],
  ['size<-1GB', ['size < -1073741824']],
  ['hit<99% hit>=50', ['hit < 0.99', 'hit >= 0.5']],
  // no name of a field stands before the sign
  ['10:30 ::text a.b>5 库:x', ['10:30', '::text', 'a.b>5', '库:x']],
] as const)('%j', (text, expected) => {
  expect(terms(text).map(told)).toEqual(expected);
});

describe('what is wrong is told with its place', () => {
  test.each([
    [
      'app foo:1',
      'character 5: there is no field foo; text is looked for in quotes; fields: user database pid age size hit',
    ],
    ['库存 foo:1', 'character 4: there is no field foo;'],
    ['!id=5', 'character 2: there is no field id;'],
    ['age>30', 'character 5: age is a duration such as 30s, 5m or 1h30m, and 30 is none'],
    ['x age>30q', 'character 7: age is a duration such as 30s, 5m or 1h30m, and 30q is none'],
    ['age>-3s', 'character 5: age is a duration'],
    ['size>10', 'character 6: size is a size such as 10MB, and 10 is none'],
    ['size>10QB', 'character 6: size is a size such as 10MB, and 10QB is none'],
    ['pid>abc', 'character 5: pid is a number such as 12 or 10k, and abc is none'],
    ['pid:/1/', 'character 5: pid is a number such as 12 or 10k, and a pattern is none'],
    ['hit>x%', 'character 5: hit is a percentage such as 99%, and x% is none'],
    ['user>a', 'character 5: user is text, which takes : and = only'],
    ['user:', 'character 6: user: wants a word, "words" or /pattern/ behind it'],
    ['db>x', 'character 3: db is text, which takes : and = only'],
    ['user: app', 'character 6: user: wants a word'],
    ['age> 30s', 'character 5: age> wants a duration'],
    ['x "open', 'character 3: the quote is not closed'],
    ['user:"open', 'character 6: the quote is not closed'],
    ['"a"b', 'character 4: a blank is expected behind the quote'],
    ['x /open', 'character 3: the pattern is not closed by a /; a path is looked for in quotes'],
    ['/a/gi', 'character 4: gi is no flag of a pattern: i is the only one'],
    ['//', 'character 1: the pattern is empty'],
    ['x /(/', 'character 3: the pattern cannot be used: Unterminated group'],
    ['/(?=a)b/', 'character 1: the pattern cannot be used: groups that begin with'],
    ['/(a{99}){99}/', 'character 1: the pattern cannot be used: it is too large'],
    ['x'.repeat(501), 'character 501: a filter has 500 characters at most'],
    [`"${'\\\\'.repeat(240)}`, 'character 1: the quote is not closed'],
  ])('%s', (text, message) => {
    expect(fault(text)).toContain(message);
  });
});

describe('any text', () => {
  const PIECES = [
    ...[
      'user',
      'age',
      'db',
      'foo',
      ':',
      '=',
      '>',
      '>=',
      '<',
      '!',
      '"',
      '/',
      '\\',
      ' ',
      '  ',
      '[',
      ']',
      '(',
      ')',
      '*',
      '{9}',
    ],
    ...['30s', '5', '10MB', '%', 'a', 'B', '库', '😀', 'e\u0301', '\t', '\u001b[31m', 'i'],
  ];

  test('is a filter or has a fault that lies within it, and never takes long', () => {
    const below = random(99);
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: below(12) }, () => PIECES[below(PIECES.length)]).join('');
      const parsed = parseFilter(text, FIELDS);
      if ('fault' in parsed) {
        const { at, term, message } = parsed.fault;
        // what stands before it is a filter
        if (text.length <= 500) terms(text.slice(0, term));
        expect([text, at >= 0 && at <= text.length, message !== '']).toEqual([text, true, true]);
      }
    }
  });

  test('in quotes is looked for as it is', () => {
    const below = random(7);
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: below(8) }, () => PIECES[below(PIECES.length)]).join('');
      const quoted = `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
      expect(terms(`x ${quoted} y`).map(told)).toEqual(['x', text.toLocaleLowerCase(), 'y']);
      if (text !== '')
        expect(terms(`!user:${quoted}`).map(told)).toEqual([`!user contains ${text.toLocaleLowerCase()}`]);
    }
  });

  test('durations and sizes as they are shown are read back', () => {
    const below = random(11);
    for (let round = 0; round < 2000; round++) {
      const seconds = below(10_000_000) / 10;
      expect(terms(`age>${durationText(seconds)}`)[0]).toMatchObject({ limit: expect.closeTo(seconds, 6) });
      const size = below(1e9) * 1000;
      const [term] = terms(`size="${bytes(size)}"`);
      if (term?.kind !== 'compares') throw new Error('no comparison');
      expect(compares('size', size, '=', term.limit)).toBe(true);
    }
  });
});

test('numbers that look the same are equal, what is not known is nothing', () => {
  expect(compares('duration', 30.4, '=', 30)).toBe(true);
  expect(compares('duration', 31, '=', 30)).toBe(false);
  expect(compares('duration', 30.4, '>', 30)).toBe(true);
  expect(compares('duration', 29.96, '>=', 30)).toBe(false);
  expect(compares('duration', 30.4, '<=', 30)).toBe(true);
  expect(compares('number', 2133, '=', 2134)).toBe(false);
  expect(compares('duration', Number.POSITIVE_INFINITY, '>', 30)).toBe(true);
  for (const order of ['>', '<', '>=', '<=', '='] as const) {
    expect(compares('number', undefined, order, 0)).toBe(false);
    expect(compares('number', Number.NaN, order, 0)).toBe(false);
  }
});
