import { expect, test } from 'vitest';
import { volumesSchema } from '../../src/config/volumes.ts';

const problems = (given: unknown) =>
  volumesSchema.safeParse(given).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('a name, or a path in the container', () => {
  expect(problems([{ name: 'app_uploads' }, { path: '/data/uploads/' }])).toBeUndefined();
});

test.each([
  [[{}], '0: expected {"name": "VOLUME"}, or {"path": "/a/path/in/the/container"}'],
  [['app_uploads'], '0: expected {"name": "VOLUME"}, or {"path": "/a/path/in/the/container"}'],
  [[{ name: '-v' }], '0.name: expected the name of a volume, as docker volume ls has it'],
  [[{ path: 'data' }], '0.path: expected an absolute path in the container'],
  [[{ path: '/' }], '0.path: expected a path without . and .., and not the root'],
  [[{ path: '/a/../b' }], '0.path: expected a path without . and .., and not the root'],
  [[{ path: '/a' }, { path: '/a/' }], '1: expected each once, got /a again'],
])('%j is refused', (given, problem) => {
  expect(problems(given)).toEqual([problem]);
});
