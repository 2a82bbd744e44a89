import { expect, test } from 'vitest';
import { scheduleMissed } from '../../../src/health/checks/schedule-missed.ts';
import type { JobFact, Outside } from '../../../src/health/outside.ts';
import { serverTarget } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

const look = (jobs: Outside['jobs']) =>
  lookAt(serverTarget(), { checks: [scheduleMissed], outside: { jobs } });
const at = Date.now() - 86_400_000;
const job: JobFact = { name: 'nightly', state: 'ok', dueAt: at, doneAt: at, run: 'r1' };

test('a job that did not run or has failed is found by its name, with when it last ended well', async () => {
  const { findings } = await look({
    known: [
      job,
      { ...job, name: 'drill', state: 'missed', doneAt: null },
      { ...job, name: 'prune', state: 'failed' },
      { ...job, name: 'soon', state: 'never', dueAt: null },
      { ...job, name: 'now', state: 'running' },
    ],
  });
  expect(findings).toMatchObject([
    {
      id: 'schedule_missed:drill',
      severity: 'alert',
      evidence: expect.stringContaining('it never ended well'),
    },
    {
      id: 'schedule_missed:prune',
      evidence: expect.stringContaining('it last ended well on '),
      remedy: { advice: expect.stringContaining('pgdeck runs show r1') },
    },
  ]);
  expect((await look({ known: [job] })).findings).toEqual([]);
});

test('a crontab that cannot be read is no good news', async () => {
  expect(await look({ unknown: 'no crontab' })).toMatchObject({
    findings: [],
    unknown: [{ check: 'schedule_missed', reason: 'no crontab' }],
  });
});
