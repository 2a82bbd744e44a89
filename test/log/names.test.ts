import { expect, test } from 'vitest';
import { logNames, namedOnce } from '../../src/log/names.ts';

test.each([
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'postgresql-2026-11-29_010203.log', 'stderr'],
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'postgresql-2026-11-29_010203.csv', 'csvlog'],
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'postgresql-2026-11-29_010203.json', 'jsonlog'],
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'postgresql-2026-11-29_010203.log.1', 'stderr'],
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'postgresql-2026-11-29_010203.log.1.gz', undefined],
  ['postgresql-%Y-%m-%d_%H%M%S.log', 'pgbouncer.log', undefined],
  ['postgresql-%a.log', 'postgresql-Sun.csv', 'csvlog'],
  ['pg(15).%H', 'pg(15).07', 'stderr'],
  ['pg(15).%H', 'pg(15).07.json', 'jsonlog'],
  ['pg(15).%H', 'pg_15_.07', undefined],
  ['server.log', 'server.log-20261129', 'stderr'],
  ['100%%.log', '100%.log', 'stderr'],
])('log_filename = %s: %s', (setting, name, format) => {
  expect(logNames(setting)(name)).toBe(format);
});

test('a file that stderr goes to, and what logrotate makes of it', () => {
  const format = namedOnce('postgresql-15-main.log');
  expect(['postgresql-15-main.log', 'postgresql-15-main.log.1'].map(format)).toEqual(['stderr', 'stderr']);
  expect(['postgresql-15-main.log.2.gz', 'postgresql-16-main.log'].map(format)).toEqual([
    undefined,
    undefined,
  ]);
});
