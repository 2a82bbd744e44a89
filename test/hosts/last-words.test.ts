import { expect, test } from 'vitest';
import { briefly, reasonIn } from '../../src/hosts/last-words.ts';

test.each([
  [
    [
      '2026-01-02 00:00:00 UTC [1] FATAL:  data directory "/data" has wrong ownership',
      '2026-01-02 00:00:00 UTC [1] HINT:  The server must be started by the user that owns the data directory.',
    ],
    'data directory "/data" has wrong ownership',
  ],
  [
    [
      'PANIC:  could not locate a valid checkpoint record',
      'LOG:  startup process was terminated',
      'LOG:  aborting startup due to startup process failure',
    ],
    'could not locate a valid checkpoint record',
  ],
  [['FATAL:  the database system is starting up'], undefined],
  [
    ['Error: Database is uninitialized and superuser password is not specified.'],
    'Database is uninitialized and superuser password is not specified.',
  ],
  [['LOG:  database system is ready to accept connections'], undefined],
  [[], undefined],
])('why it ended stands in its last lines: %j', (lines, why) => {
  expect(reasonIn(lines)).toBe(why);
});

test('each of the few words is shorter than those before', () => {
  const why = 'could not open file "global/pg_control": Permission denied';
  expect(briefly('db', 'db does not run.', { state: 'is down', why })).toEqual([
    `db does not run: ${why}`,
    `db is down: ${why}`,
    `db: ${why}`,
    'db is down: Permission denied',
    'db: Permission denied',
  ]);
  expect(briefly('db', 'db does not run.', { why: undefined })).toEqual([]);
});
