import { expect, test } from 'vitest';
import { changedLines } from '../../../src/ops/volumes/content.ts';

const changed = 'tar: ./log: file changed as we read it';

test.each([
  ['files that changed', 1, `${changed}\ntar: ./x: File removed before we read it\n`, 2],
  ['nothing', 0, '', 0],
  ['a socket', 0, 'tar: ./s: socket ignored\n', 0],
  ['a socket and a file that changed', 1, `tar: ./s: socket ignored\n${changed}\n`, 1],
])('%s: exit code %i is no failure', (_, exitCode, stderr, count) => {
  expect(changedLines({ exitCode, stderr })).toHaveLength(count);
});

test.each([
  ['exit code 2', 2, `${changed}\ntar: Exiting with failure status due to previous errors\n`],
  ['what busybox says with 1', 1, "tar: can't open './x': Permission denied\n"],
  ['both', 1, `${changed}\ntar: ./x: Cannot open: Permission denied\n`],
  ['1 without a word', 1, ''],
])('%s is a failure', (_, exitCode, stderr) => {
  expect(changedLines({ exitCode, stderr })).toBeUndefined();
});
