import { expect, test } from 'vitest';
import { isPlainJson } from '../../../../src/ops/import/load/json.ts';

const plain = (text: string | Buffer): boolean => {
  const bytes = Buffer.concat([Buffer.from('{"'), Buffer.from(text), Buffer.from('"}]1')]);
  return isPlainJson(bytes, 2, bytes.length - 4);
};

test.each([
  '0',
  '-0.50',
  '12',
  '""',
  ' [ ] ',
  '{}',
  '[1,"a",{"b":[true,false,null]}]',
  '{"é":"日本 😀"}',
  '\t[\n1\r]',
])('%s is JSON', (text) => {
  expect(JSON.parse(text)).toBeDefined();
  expect(plain(text)).toBe(true);
});

test.each([
  '',
  ' ',
  '01',
  '1.',
  '.5',
  '-',
  '+1',
  '1 2',
  '[1,]',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  "'a'",
  '"a',
  'tru',
  'nulls',
  '[',
  '{"a":1,}',
  '"\n"',
  '"\\x"',
])('%s is none', (text) => {
  expect(plain(text)).toBe(false);
});

test('what is no UTF-8, and what lies deeper than anybody writes it, is not taken for plain', () => {
  expect(plain(Buffer.from('22c32822', 'hex'))).toBe(false);
  expect(plain('['.repeat(100) + ']'.repeat(100))).toBe(false);
});

test('what is taken for plain JSON.parse() takes too, whatever a text is changed to', () => {
  const seeds = ['{"theme":"dark","n":12.5,"tags":["a","b"],"on":true}', '[[],{},"",0,-1,null,"é"]'];
  const signs = '{}[]",:0123456789.-+eE tfn\\u\n\u00e9';
  let random = 1;
  const next = (below: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  let taken = 0;
  for (let i = 0; i < 40_000; i++) {
    let text = seeds[i % seeds.length] ?? '';
    for (let changes = next(3); changes >= 0; changes--) {
      const at = next(text.length);
      text = text.slice(0, at) + (signs[next(signs.length)] ?? '') + text.slice(at + next(2));
    }
    if (!plain(text)) continue;
    taken++;
    expect(() => JSON.parse(text), text).not.toThrow();
  }
  expect(taken).toBeGreaterThan(1_000);
});
