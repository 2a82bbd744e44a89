import { expect, test } from 'vitest';
import { jobsOf, withJob, withoutJob } from '../../../src/ops/schedule/crontab.ts';

const nightly = { name: 'nightly', at: '30 2 * * *', line: 'pgdeck backup' };
const drill = {
  name: 'drill',
  at: '0 5 * * 0',
  line: "pgdeck backups verify newest --level restore >>'a b.log' 2>&1",
};
const theirs =
  'MAILTO=dba@example.org\n# nightly things\n5 4 * * * /usr/local/bin/report # pgdeck:not-ours\n';

test('jobs go between marks, below what others wrote, and read back', () => {
  const crontab = withJob(withJob(theirs, nightly), drill);
  expect(crontab.startsWith(theirs)).toBe(true);
  expect(jobsOf(crontab)).toEqual([nightly, drill]);
  expect(crontab.match(/# BEGIN pgdeck/g)).toHaveLength(1);
});

test('a job of the same name is replaced', () => {
  const later = { ...nightly, at: '0 3 * * *' };
  expect(jobsOf(withJob(withJob(theirs, nightly), later))).toEqual([later]);
});

test('taking the last job out leaves what was there before, byte for byte', () => {
  expect(withoutJob(withJob(theirs, nightly), 'nightly')).toBe(theirs);
  expect(withoutJob(withJob('', nightly), 'nightly')).toBe('');
});

test('lines that others add below the marks stay', () => {
  const crontab = `${withJob(theirs, nightly)}9 9 * * * mine\n`;
  expect(withoutJob(crontab, 'nightly')).toBe(`${theirs}9 9 * * * mine\n`);
});

test('a mark without its end is refused rather than guessed', () => {
  const broken = withJob(theirs, nightly).replace('# END pgdeck\n', '');
  expect(() => withJob(broken, drill)).toThrow(/END pgdeck|without its end/);
});
