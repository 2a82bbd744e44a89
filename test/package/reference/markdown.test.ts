import { expect, test } from 'vitest';
import { type Line, parse, plain, slug, spansOf } from '../../../src/package/reference/markdown.ts';

const text = (words: string) => ({ kind: 'text', text: words });
const code = (words: string) => ({ kind: 'code', text: words });
const words = (line: Line | undefined) => plain(line ?? []);

test('within code nothing means anything else; everything else may stand in each other', () => {
  expect(spansOf('a `*b* [c](d)` **e `f`** *g*')).toEqual([
    text('a '),
    code('*b* [c](d)'),
    text(' '),
    { kind: 'strong', spans: [text('e '), code('f')] },
    text(' '),
    { kind: 'emphasis', spans: [text('g')] },
  ]);
  expect(spansOf('see [the `x`](y.md#z).')).toEqual([
    text('see '),
    { kind: 'link', target: 'y.md#z', spans: [text('the '), code('x')] },
    text('.'),
  ]);
  expect(spansOf('')).toEqual([]);
});

test('headings, paragraphs over several lines, code as it stands, lists with lines below', () => {
  const blocks = parse('# A\none\ntwo\n```json\n  { }\n\n# no\n```\n\n- a\n  b\n- c\n\n1. x\n2. y\n');
  expect(blocks).toEqual([
    { kind: 'heading', level: 1, line: [text('A')] },
    { kind: 'paragraph', line: [text('one two')] },
    { kind: 'code', text: '  { }\n\n# no' },
    { kind: 'list', ordered: false, items: [[text('a b')], [text('c')]] },
    { kind: 'list', ordered: true, items: [[text('x')], [text('y')]] },
  ]);
});

test('a cell of a table may hold a bar', () => {
  const [table] = parse('| a | b |\n|---|---|\n| `x\\|y` | |\n');
  expect(table).toEqual({
    kind: 'table',
    head: [[text('a')], [text('b')]],
    rows: [[[code('x|y')], []]],
  });
});

test('pictures, comments and what is left out by its name are not there', () => {
  const source = 'a\n\n![P](p.png)\n\n<!-- x -->\nlost\n<!-- /x -->\n<!-- y -->\nkept\n<!-- /y -->\n';
  expect(parse(source, ['x']).map((one) => (one.kind === 'paragraph' ? words(one.line) : one.kind))).toEqual([
    'a',
    'kept',
  ]);
});

test('code that is not closed is a mistake', () => {
  expect(() => parse('```\na\n')).toThrow('not closed');
});

test('the name of a heading is that of GitHub', () => {
  expect(slug(spansOf('A `b`, and the *c*: d'))).toBe('a-b-and-the-c-d');
});
