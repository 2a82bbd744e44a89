import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lineFile, writeNew } from '../../../../src/ops/import/source/beside.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const directory = temporaryDirectory();

test('a file of lines is made with its first, and what is forgotten is not in it', () => {
  const file = lineFile(join(directory, 'a'));
  file.mark();
  expect(existsSync(file.path)).toBe(false);
  file.add('one');
  const mark = file.mark();
  file.add('two'.repeat(40_000));
  file.back(mark);
  file.add('three');
  file.close();
  expect(readFileSync(file.path, 'utf8')).toBe('one\nthree\n');
  expect(file.lines).toBe(2);
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
});

test("somebody else's file is neither written over nor removed", () => {
  const path = join(directory, 'b');
  writeFileSync(path, 'mine');
  const file = lineFile(path);
  expect(() => file.add('one')).toThrow(/cannot be written/);
  file.remove();
  expect(() => writeNew(path, 'two')).toThrow(/cannot be written/);
  expect(readFileSync(path, 'utf8')).toBe('mine');
});

test('one without lines leaves no file', () => {
  const file = lineFile(join(directory, 'c'));
  file.close();
  file.remove();
  expect(existsSync(file.path)).toBe(false);
});
