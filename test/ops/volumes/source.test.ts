import { expect, test } from 'vitest';
import { archiveOf, mountWords } from '../../../src/ops/volumes/source.ts';

test('the archives of two names are two files, whatever is in the names', () => {
  const first = { path: archiveOf('/data/up loads', []) };
  expect(first.path).toBe('volumes/data_up-loads.tar.gz');
  expect(archiveOf('data_up-loads', [first])).toBe('volumes/data_up-loads-2.tar.gz');
  expect(archiveOf('/..x', [])).toBe('volumes/_.x.tar.gz');
});

test('what docker takes for CSV is quoted', () => {
  expect(mountWords({ kind: 'bind', path: '/a,b"c' }, '/v', false)).toEqual([
    '--mount',
    'type=bind,"source=/a,b""c",target=/v,readonly',
  ]);
});
