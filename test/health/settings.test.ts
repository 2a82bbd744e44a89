import { expect, test } from 'vitest';
import { setTo } from '../../src/health/settings.ts';

test('what an argument of the server sets is not set by ALTER SYSTEM', () => {
  const server = { vendor: 'self' } as const;
  expect(setTo(server, { name: 'fsync', source: 'command line' }, 'on', false)).toEqual({
    advice:
      'Take fsync from the arguments that the server is started with, or make it on there, and restart it.',
  });
  expect(setTo(server, { name: 'fsync', source: 'configuration file' }, 'on', false)).toHaveProperty('sql');
});
