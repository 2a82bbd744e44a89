import { expect, test } from 'vitest';
import { autovacuumPoll } from '../../src/db/queries/maintain/due.ts';
import { settingsPoll } from '../../src/db/queries/settings.ts';
import type { Server } from '../../src/db/server.ts';
import { autovacuumOff } from '../../src/health/checks/autovacuum-off.ts';
import { indexUsage } from '../../src/health/checks/index-usage.ts';
import { logErrors } from '../../src/health/checks/log-errors.ts';
import { settingUnsafe as setting } from '../../src/health/checks/setting-unsafe.ts';
import { setTo } from '../../src/health/settings.ts';
import { assessed, rowsOf, SERVER } from './facts.ts';

test('what an argument of the server sets is not set by ALTER SYSTEM', () => {
  const server = { vendor: 'self', settings: {} } as const;
  expect(setTo(server, { name: 'fsync', source: 'command line' }, 'on', false)).toEqual({
    advice:
      'Take fsync from the arguments that the server is started with, or make it on there, and restart it.',
  });
  const own = { name: 'fsync', source: 'configuration file' };
  expect(setTo(server, own, 'on', false)).toHaveProperty('sql');
});

test('where ALTER SYSTEM is not allowed, or the service has the settings, no remedy is one', () => {
  const checks = [autovacuumOff, setting, logErrors, indexUsage];
  const rows = [
    rowsOf(autovacuumPoll, { autovacuum: false, track_counts: false, by_command_line: false }),
    rowsOf(settingsPoll, { name: 'fsync', value: 'off', source: 'configuration file' }),
  ];
  const lists = { classes: [], top: [], grave: [], slow: null };
  const counts = { from: 0, until: 1, errors: 0, timeouts: 0, ended: 0, unknown: 1 };
  const log = { known: { source: 'log', ...counts, ...lists } };
  const remedies = (server: Partial<Server>) =>
    JSON.stringify(assessed(checks, [rows], { server: { ...SERVER, ...server }, outside: { log } }));
  expect(remedies({}).match(/ALTER SYSTEM/g)).toHaveLength(4);
  const off = remedies({ settings: { ...SERVER.settings, allow_alter_system: 'off' } });
  expect(off).not.toContain('ALTER SYSTEM');
  expect(off.match(/in postgresql.conf, or where that is made/g)).toHaveLength(4);
  expect(remedies({ vendor: 'rds' })).not.toContain('ALTER SYSTEM');
});
