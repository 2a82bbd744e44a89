import { expect, test } from 'vitest';
import type { RoutineItem } from '../../../src/config/routine.ts';
import type { Examined } from '../../../src/ops/engine/operation.ts';
import { judged, Looks } from '../../../src/ops/routine/checks.ts';

type Finding = Examined['findings'][number];
const finding = (severity: Finding['severity'], more: Partial<Finding> = {}): Finding => ({
  id: `disk:${severity}`,
  severity,
  title: `Of ${severity}.`,
  fix: 'Make room.',
  command: false,
  ...more,
});
const one = (more: Partial<Examined> = {}): Examined => ({
  check: 'disk',
  title: 'Disk',
  findings: [],
  waived: 0,
  ...more,
});

test('alerts and worse have to be seen to, warnings are told, and what is worth knowing is not', () => {
  expect(judged([one()])).toEqual({ status: 'ok', text: 'Nothing was found.' });
  expect(judged([one({ findings: [finding('info')] })])).toMatchObject({ status: 'ok' });
  expect(judged([one({ findings: [finding('warning')] })])).toMatchObject({
    status: 'warning',
    text: 'Of warning.',
    next: 'Make room.',
  });
  const command = finding('critical', { fix: 'pgdeck vacuum', command: true });
  expect(judged([one({ findings: [finding('alert')] }), one({ findings: [command], waived: 2 })])).toEqual({
    status: 'found',
    text: 'Of critical. Of alert. 2 findings waived.',
    next: 'pgdeck vacuum',
    command: 'pgdeck vacuum',
  });
});

test('what nobody could look at is not good, and what only longer sampling tells is no fault', () => {
  const unknown = { reason: 'The role may not.', remedy: 'GRANT pg_monitor TO app' };
  expect(judged([one({ unknown })])).toEqual({
    status: 'not known',
    text: 'Disk: not known: The role may not. To see it: GRANT pg_monitor TO app',
  });
  expect(judged([one({ unknown }), one()])).toMatchObject({
    status: 'ok',
    text: expect.stringMatching(/not known/),
  });
  expect(judged([one({ unknown: { ...unknown, partly: true } })])).toMatchObject({
    status: 'ok',
    text: expect.stringMatching(/^Disk: not all of it is known: The role may not/),
  });
  expect(judged([one({ unknown: { reason: 'x', sample: 300 }, notes: ['One statement.'] })])).toEqual({
    status: 'warning',
    text: 'One statement. Only a longer sample tells of Disk: --sample 300.',
  });
});

const item = (name: string, ...checks: string[]): RoutineItem => ({
  ...{ name, title: name, every: 'daily' },
  work: checks.length > 0 ? { kind: 'check', checks } : { kind: 'command', command: 'true' },
});

test('checks that stand next to each other are looked at once, and again after something was done', async () => {
  const asked: (readonly string[])[] = [];
  const items = [item('a', 'disk', 'log_errors'), item('b', 'disk'), item('c'), item('d', 'bloat')];
  const looks = new Looks(
    {
      look: async (checks) => {
        asked.push(checks);
        return checks.map((check) => one({ check }));
      },
    },
    items,
    3,
  );
  const { signal } = new AbortController();
  const seen: string[][] = [];
  for (const of of items.filter(({ work }) => work.kind === 'check'))
    seen.push((await looks.at(of, signal)).map(({ check }) => check));
  expect(asked).toEqual([['disk', 'log_errors'], ['bloat']]);
  expect(seen).toEqual([['disk', 'log_errors'], ['disk'], ['bloat']]);
});
