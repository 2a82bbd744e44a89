import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { commandWords, fieldsOf, parseInput, problemText } from '../../../src/ops/engine/fields.ts';
import { defineOperation } from '../../../src/ops/engine/operation.ts';
import { cleanLine } from '../../../src/text/clean.ts';
import { shellWord } from '../../../src/text/shell.ts';

const field = { title: 'T', hint: 'h' };
const sample = defineOperation({
  id: 'backups sample',
  input: z.object({
    name: z.string(),
    format: z.enum(['custom', 'plain']).default('custom'),
    jobs: z.int('expected a whole number').min(1, 'expected 1 or more').optional(),
    lock_timeout: z.number().default(30),
    tables: z.array(z.string()).default([]),
    globals: z.boolean().default(true),
    quick: z.boolean().default(false),
    label: z
      .string()
      .transform((text) => text.trim())
      .optional(),
  }),
  fields: {
    name: { ...field, argument: true },
    format: field,
    jobs: { ...field, when: ({ format }) => format === 'plain' },
    lock_timeout: field,
    tables: { ...field, flag: 'table' },
    globals: field,
    quick: field,
    label: field,
  },
  plan: () => Promise.reject(new Error('not planned here')),
});

test('kind, default and flag of each field are read from its schema', () => {
  expect(
    fieldsOf(sample).map(({ id, kind, required, initial, option }) => [id, kind, required, initial, option]),
  ).toEqual([
    ['name', 'text', true, undefined, '--name'],
    ['format', 'choice', false, 'custom', '--format'],
    ['jobs', 'number', false, undefined, '--jobs'],
    ['lock_timeout', 'number', false, 30, '--lock-timeout'],
    ['tables', 'list', false, [], '--table'],
    ['globals', 'flag', false, true, '--no-globals'],
    ['quick', 'flag', false, false, '--quick'],
    ['label', 'text', false, undefined, '--label'],
  ]);
  expect(fieldsOf(sample).find(({ id }) => id === 'format')?.values).toEqual(['custom', 'plain']);
});

const DEFAULTS = { format: 'custom', lock_timeout: 30, tables: [], globals: true, quick: false };

test('what is given is converted, what is not has its default', () => {
  expect(parseInput(sample, { name: 'x' })).toEqual({ ok: true, input: { ...DEFAULTS, name: 'x' } });
  expect(
    parseInput(sample, {
      name: 'x',
      format: 'plain',
      jobs: ' 4 ',
      tables: ['a'],
      globals: false,
      label: ' l ',
    }),
  ).toEqual({
    ok: true,
    input: { ...DEFAULTS, name: 'x', format: 'plain', jobs: 4, tables: ['a'], globals: false, label: 'l' },
  });
  // a field that is not asked for has no say
  expect(parseInput(sample, { name: 'x', jobs: '4' })).toEqual({
    ok: true,
    input: { ...DEFAULTS, name: 'x' },
  });
});

test('every problem is named with its field', () => {
  expect(parseInput(sample, { format: 'plain', jobs: '0', name: '' })).toEqual({
    ok: false,
    problems: [
      { field: 'name', message: 'is needed' },
      { field: 'jobs', message: 'expected 1 or more' },
    ],
  });
  expect(parseInput(sample, { name: 'x', format: 'plain', jobs: 'many' })).toMatchObject({
    problems: [{ field: 'jobs', message: expect.stringContaining('expected a whole number') }],
  });
});

test('a number that is none is refused in words of this program', () => {
  const bare = defineOperation({
    ...sample,
    input: z.object({ jobs: z.number().optional(), level: z.number().int().optional() }),
    fields: { jobs: { title: 'Jobs', hint: 'jobs' }, level: { title: 'Level', hint: 'level' } },
  } as Parameters<typeof defineOperation>[0]);
  expect(parseInput(bare, { jobs: 'many', level: '1.5' })).toMatchObject({
    problems: [
      { field: 'jobs', message: 'expected a number' },
      { field: 'level', message: 'expected a whole number' },
    ],
  });
});

test.each([
  ['--jobs', 'is needed', '--jobs is needed.'],
  ['Jobs', 'expected 1 or more', 'Jobs must be 1 or more.'],
  ['PID', '"x" is no PID', 'PID: "x" is no PID.'],
  [undefined, 'give one of them', 'give one of them.'],
])('%s %s', (name, message, said) => {
  expect(problemText(name, message)).toBe(said);
});

test('a value that is not offered is told what is', () => {
  expect(parseInput(sample, { name: 'x', format: 'odd' })).toMatchObject({
    problems: [{ field: 'format', message: 'expected one of custom, plain' }],
  });
});

test('the command that does the same: only what differs from the defaults', () => {
  expect(commandWords(sample, { ...DEFAULTS, name: 'x' })).toEqual(['backups', 'sample', 'x']);
  const input = {
    ...DEFAULTS,
    name: "o'neil",
    format: 'plain',
    jobs: 4,
    tables: ['a', 'b c'],
    globals: false,
    quick: true,
  };
  expect(commandWords(sample, input)).toEqual([
    ...['backups', 'sample', `'o'\\''neil'`, '--format', 'plain', '--jobs', '4'],
    ...['--table', 'a', '--table', `'b c'`, '--no-globals', '--quick'],
  ]);
});

test.each(['plain', 'a b', "it's", '', '$(x) `y` "z" \\', '日本 語', '-n'])(
  'a shell reads %j back',
  (text) => {
    const { stdout } = spawnSync('sh', ['-c', `printf '%s' ${shellWord(text)}`], { encoding: 'utf8' });
    expect(stdout).toBe(text);
  },
);

test.each([
  'two  blanks',
  'a\tb\nc',
  'red \u001b[31m',
  'right to left \u202e txt',
  "it's\\ \u0007",
  '日本\u200b語',
  '\u0001abc',
])('bash reads %j back, and a terminal is shown exactly what is pasted', (text) => {
  const word = shellWord(text);
  expect(cleanLine(word)).toBe(word);
  const { stdout } = spawnSync('bash', ['-c', `printf '%s' ${word}`], { encoding: 'utf8' });
  expect(stdout).toBe(text);
});
