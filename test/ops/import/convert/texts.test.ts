import { describe, expect, test } from 'vitest';
import { toBytes, toJson, toText, toUuid, toVarchar } from '../../../../src/ops/import/convert/texts.ts';
import { type Cell, type Converter, Refusal } from '../../../../src/ops/import/convert/value.ts';

const by = (convert: Converter) => (cell: Cell) => {
  const converted = convert(cell, () => {});
  return converted instanceof Refusal ? `[${converted.reason}]` : converted;
};

describe('texts and blobs of SQLite', () => {
  test('a text holds anything but a NUL, which is refused or taken out', () => {
    expect(by(toText())('日本\n\\')).toBe('日本\n\\');
    expect(by(toText())('a\0b')).toMatch(/NUL/);
    expect(by(toText('strip'))('a\0b')).toBe('ab');
    expect(by(toText('space'))('a\0b')).toBe('a b');
    expect(by(toText())(1.0)).toBe('1.0');
    expect(by(toText())(Buffer.from('é'))).toBe('é');
    expect(by(toText())(new Uint8Array([0xff, 0xfe]))).toMatch(/no UTF-8/);
  });

  test('the length of a varchar is counted in characters', () => {
    expect(by(toVarchar(2))('😀😀')).toBe('😀😀');
    expect(by(toVarchar(2))('abc')).toMatch(/longer than 2/);
  });

  test('JSON that jsonb can hold', () => {
    expect(by(toJson)('{"a": [1, "\\\\u0000"]}')).toBe('{"a": [1, "\\\\u0000"]}');
    expect(by(toJson)('{"a": "\\u0000"}')).toMatch(/u0000/);
    expect(by(toJson)('"\\ud83d\\ude00"')).toBe('"\\ud83d\\ude00"');
    expect(by(toJson)('"\\ud83d"')).toMatch(/half a character/);
    expect(by(toJson)("{'a': 1}")).toMatch(/no JSON/);
    expect(by(toJson)('')).toMatch(/empty/);
    expect(by(toJson)(12n)).toBe('12');
  });

  test('UUIDs of every way to write them, and bytes', () => {
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    expect(
      [id.toUpperCase(), `{${id}}`, id.replaceAll('-', ''), Buffer.from(id.replaceAll('-', ''), 'hex')].map(
        by(toUuid),
      ),
    ).toEqual([id, id, id, id]);
    expect(by(toUuid)('a0eebc99')).toMatch(/no UUID/);
    expect(by(toBytes)(new Uint8Array([0, 255]))).toBe('\\x00ff');
    expect(by(toBytes)('é')).toBe('\\xc3a9');
    expect(by(toBytes)(5n)).toMatch(/no blob/);
  });
});
