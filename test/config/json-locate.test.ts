import { expect, test } from 'vitest';
import { locateJson } from '../../src/config/json-locate.ts';

test.each([
  ['{', '1:2: expected a name in double quotes, got the end of the file'],
  ['[', '1:2: expected a value, got the end of the file'],
  ['{"a": {}', '1:9: expected "," or "}", got the end of the file'],
  ['{"a": [{}', '1:10: expected "," or "]", got the end of the file'],
  ['{"a":\n 1 "b": 2}', '2:4: expected "," or "}", got "\\""'],
  ['{"a" 1}', '1:6: expected ":", got "1"'],
  ['{a: 1}', '1:2: expected a name in double quotes, got "a"'],
  ['{"a": "x', '1:7: expected a closing quote, got "\\""'],
  ['{"a": "\\q"}', '1:7: expected a closing quote, got "\\""'],
  ['{"a": 1 /* b */}', '1:9: expected no comment, got "/"'],
  ['{"a":\u00a01}', '1:6: expected a value, got "\u00a0"'],
  ['{,"a": 1}', '1:2: expected a name in double quotes, got ","'],
  ['{\u00a0"a": 1}', '1:2: expected a name in double quotes, got "\u00a0"'],
  ['{"a": 1,\u2028"b": 2}', '1:9: expected a name in double quotes, got "\u2028"'],
  ['[1, \u00a02]', '1:5: expected a value, got "\u00a0"'],
  ['{}\n}', '2:1: expected the end of the file, got "}"'],
])('%j is no JSON', (text, told) => {
  const found = locateJson(text);
  if (!('message' in found)) throw new Error('it was read');
  expect(`${found.line}:${found.column}: ${found.message}`).toBe(told);
});

test.each([
  [[], 1],
  [['a'], 2],
  [['a', 1], 9],
  [['a', 1, 'b'], 10],
  // one that is missing is told at the nearest field around it
  [['a', 9], 2],
  [['nothing'], 1],
  // of two with one name JSON.parse takes the last
  [['c', 'd'], 45],
] as const)('%j stands at column %i', (path, column) => {
  const found = locateJson('{"a":[1,{"b":2},[3]],"c":{"d":{"e":1}},"c":{"d":5}, "x": null}');
  if ('message' in found) throw new Error(found.message);
  expect(found.place(path)).toEqual({ line: 1, column });
});
