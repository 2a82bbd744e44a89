import { expect, test } from 'vitest';
import { readMarker, writeMarker } from '../../../src/ops/database/markers.ts';
import {
  beforeName,
  derivedName,
  freshName,
  isDerivedName,
  rolledBackName,
  verifyName,
} from '../../../src/ops/database/names.ts';

const RUN = '20261120T121444-3fae12';

test('a derived name is at most 63 bytes, cut between characters, and known as one', () => {
  expect(freshName('shop', RUN)).toBe('shop__restore_20261120T121444');
  expect(beforeName('shop', RUN)).toBe('shop__before_20261120T121444');
  expect(derivedName('数据库', '__x')).toBe('数据库__x');
  for (const database of [
    'shop',
    '数'.repeat(21),
    `a${'数'.repeat(20)}`,
    '😀'.repeat(15),
    'x'.repeat(63),
    'é'.repeat(31),
  ])
    for (const make of [freshName, beforeName, rolledBackName, verifyName]) {
      const name = make(database, RUN);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
      expect(name).not.toContain('\uFFFD');
      expect(name.isWellFormed()).toBe(true);
      expect(database.startsWith(name.slice(0, name.indexOf('__')))).toBe(true);
      // as much of the name as there is room for: another character would not fit
      expect(Buffer.byteLength(name) >= 60 || name.startsWith(`${database}__`)).toBe(true);
      expect(isDerivedName(name)).toBe(true);
    }
  for (const name of ['shop', 'shop__before_', 'shop__before_2026', 'before_20261120T121444'])
    expect(isDerivedName(name)).toBe(false);
});

test('names that are alike once they are cut do not meet in one second', () => {
  const long = 'x'.repeat(60);
  expect(beforeName(`${long}a`, '20261120T121444-000001')).not.toBe(
    beforeName(`${long}b`, '20261120T121444-000002'),
  );
});

test('a marker is read back whole; what others have written is none', () => {
  const marker = {
    pgdeck: 'before',
    target: `it's "数据库"`,
    run: RUN,
    comment: `{"pgdeck":"before"}`,
  } as const;
  expect(readMarker(writeMarker(marker))).toEqual(marker);
  expect(readMarker(writeMarker({ ...marker, comment: null }))).toEqual({ ...marker, comment: null });
  for (const comment of [
    null,
    '',
    'the shop',
    '{',
    '{}',
    '{"pgdeck":"other","target":"a","run":"b"}',
    '{"pgdeck":"before"}',
  ])
    expect(readMarker(comment)).toBeUndefined();
});
