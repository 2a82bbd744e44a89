import { expect, test } from 'vitest';
import { CADENCES, DEFAULT_ROUTINE, mergeRoutine, routineSchema } from '../../src/config/routine.ts';

const problems = (given: unknown) =>
  routineSchema.safeParse(given).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
const named = (items = mergeRoutine()) =>
  Object.fromEntries(
    CADENCES.map((every) => [every, items.filter((item) => item.every === every).map(({ name }) => name)]),
  );

test('the plans of the runbooks are there without any settings', () => {
  expect(mergeRoutine()).toEqual(DEFAULT_ROUTINE);
  expect(named()).toEqual({
    daily: ['backups', 'disk', 'log', 'connections'],
    weekly: ['backup', 'restorable', 'vacuum', 'slow', 'indexes'],
    monthly: ['statistics', 'bloat', 'performance', 'cleanup', 'prune', 'archive'],
    quarterly: ['tuning', 'passwords', 'version', 'upgrade', 'drill'],
  });
});

test('an item is moved, left out, changed or added by its name, the later settings on top', () => {
  const all = routineSchema.parse({
    drill: { every: 'monthly' },
    slow: { every: 'never' },
    disk: { every: 'never' },
  });
  const profile = routineSchema.parse({
    drill: { every: 'weekly', title: 'The drill' },
    vacuum: { run: 'vacuum --due' },
    disk: { every: 'daily' },
    'app logs': { every: 'weekly', command: "find /srv/logs -name '*.log' -mtime +7 -delete" },
    never: { every: 'never' },
  });
  const items = mergeRoutine(all, undefined, profile);
  expect(named(items).weekly).toEqual(['backup', 'restorable', 'vacuum', 'indexes', 'drill', 'app logs']);
  expect(items.find(({ name }) => name === 'drill')).toMatchObject({
    title: 'The drill',
    work: { kind: 'operation', words: 'backups verify newest --level restore' },
  });
  expect(items.find(({ name }) => name === 'vacuum')?.work).toEqual({
    kind: 'operation',
    words: 'vacuum --due',
  });
  expect(items.find(({ name }) => name === 'app logs')).toMatchObject({
    title: 'app logs',
    work: { kind: 'command', command: "find /srv/logs -name '*.log' -mtime +7 -delete" },
  });
  expect(items.map(({ name }) => name)).not.toContain('slow');
  // left out for all, and wanted for this one
  expect(items.find(({ name }) => name === 'disk')).toEqual(
    DEFAULT_ROUTINE.find(({ name }) => name === 'disk'),
  );
});

test.each([
  [{ vacuum: { every: 'hourly' } }, expect.stringMatching(/^vacuum\.every: /)],
  [
    { logs: { every: 'daily' } },
    'logs: expected check, run, command or checklist: there is no such item yet',
  ],
  [{ logs: { command: 'true' } }, 'logs: expected every: one of daily, weekly, monthly, quarterly'],
  [
    { logs: { every: 'daily', command: 'true', run: 'vacuum' } },
    'logs: expected one of check, run, command and checklist, got several',
  ],
  [{ '-x': { every: 'never' } }, expect.stringMatching(/^-x: /)],
  [{ vacuum: { evry: 'daily' } }, expect.stringMatching(/^vacuum: .*evry/)],
])('%j is refused', (given, problem) => {
  expect(problems(given)).toEqual([problem]);
});
