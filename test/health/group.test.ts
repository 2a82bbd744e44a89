import { expect, test } from 'vitest';
import { mergeThresholds } from '../../src/config/thresholds.ts';
import { assess } from '../../src/health/assess.ts';
import { byReason } from '../../src/health/blind.ts';
import { defineCheck } from '../../src/health/check.ts';
import { backupUnproven } from '../../src/health/checks/backup-unproven.ts';
import { logErrors } from '../../src/health/checks/log-errors.ts';
import { logSlow } from '../../src/health/checks/log-slow.ts';
import type { Found, Severity } from '../../src/health/finding.ts';
import { baselineSchema, reportOf } from '../../src/health/report.ts';
import type { Waiver } from '../../src/health/waivers.ts';
import { Figures } from '../../src/monitor/figures.ts';
import { SERVER } from './facts.ts';
import { NOTHING_TOLD } from './stage.ts';

const figures = new Figures({ part: () => ({ status: 'ok', at: 0, ms: 0, rows: [] }), server: SERVER });
const found = (object: string, severity: Severity, value = 1): Found => ({
  ...{ object, severity, value, title: `${object} is wrong.`, evidence: '', why: '' },
  remedy: { advice: `mend ${object}` },
});
const names = (n: number) => Array.from({ length: n }, (_, i) => `t${String(i).padStart(4, '0')}`);
const waive = (id: string): Waiver => ({ id, until: '2999-12-31', reason: 'known' });

function judged(findings: readonly Found[], waivers: readonly Waiver[] = []) {
  const value = Math.max(0, ...findings.map((one) => one.value ?? 0));
  const check = defineCheck({
    ...{ id: 'vacuum_due', title: 'Vacuum due', category: 'vacuum', fix: '', reads: [] },
    judge: () => ({
      findings,
      measure: { value, unit: 'ratio', levels: { normal: 1, alert: 5, critical: 10 } },
    }),
  });
  const facts = { figures, server: SERVER, thresholds: mergeThresholds(), outside: NOTHING_TOLD };
  return assess(facts, { checks: [check], waivers, categories: ['vacuum'] });
}

function report(findings: readonly Found[], before?: object, waivers: readonly Waiver[] = []) {
  return reportOf(judged(findings, waivers), {
    ...{ at: new Date(), server: 'here', figures, say: (remedy) => JSON.stringify(remedy) },
    baseline: before && baselineSchema.parse(JSON.parse(JSON.stringify(before))),
  });
}

const mild = names(1000).map((name) => found(name, 'warning'));

test('beyond the ten worst the findings of a check are told as one, and each counts', () => {
  const seen = judged([...mild, found('worst', 'alert', 5)]);
  expect(seen.findings.map(({ id }) => id)).toEqual(
    ['worst', ...names(9), '*'].map((object) => `vacuum_due:${object}`),
  );
  expect(seen.findings.at(-1)).toMatchObject({ severity: 'warning', value: 991, unit: 'count' });
  expect(seen.findings.at(-1)?.title).toMatch(/^Vacuum due: 991 more \(t0009, .*, t0018 and 981 more\)\.$/);
  expect(seen.categories[0]).toMatchObject({ findings: 1001, severity: 'alert' });
  // a warning less or more is no news to who reads the score
  expect(seen.score).toBe(judged([found('worst', 'alert', 5)]).score);
  expect(judged(names(11).map((name) => found(name, 'info'))).findings).toHaveLength(11);
  expect(JSON.stringify(report(mild)).length).toBeLessThan(80_000);
});

test('one beyond the ten is waived by its id, all of them by check:*, and everything by the check', () => {
  const bad = names(20).map((name, i) => found(name, i < 12 ? 'critical' : 'alert', 10));
  const one = judged(bad, [waive('vacuum_due:t0015')]).findings;
  expect(one.filter(({ waiver }) => waiver).map(({ id }) => id)).toEqual(['vacuum_due:t0015']);
  expect(one.find(({ grouped }) => grouped)?.grouped).toHaveLength(9);
  const rest = judged(bad, [waive('vacuum_due:*')]);
  expect(rest.findings.filter(({ waiver }) => waiver)).toMatchObject([{ id: 'vacuum_due:*', value: 10 }]);
  expect(rest.categories[0]).toMatchObject({ findings: 10, severity: 'critical' });
  expect(judged(bad.slice(0, 5), [waive('vacuum_due:*')]).categories[0]?.findings).toBe(5);
  const all = judged(bad, [waive('vacuum_due')]);
  expect(all.findings.every(({ waiver }) => waiver)).toBe(true);
  expect(all).toMatchObject({ findings: { length: 11 }, score: 100 });
});

test('a baseline knows those in the group by their ids and severities, whoever is listed later', () => {
  const before = report(mild);
  expect(report(mild, before).issues).toEqual([]);
  // the first ten were mended, and others are listed in their place
  expect(report(mild.slice(10), before).issues).toEqual([]);
  const more = report([...mild, found('zzz', 'warning')], before);
  expect(more.issues).toHaveLength(1);
  expect(more.findings.at(-1)).toMatchObject({ id: 'vacuum_due:*', known: false });
  const worse = report([...mild.slice(0, -1), found('t0999', 'alert')], before);
  expect(worse.issues).toEqual(['t0999 is wrong.']);
});

test('what is not known for one reason is told once, with all that it keeps from being judged', () => {
  const log = { unknown: 'Nobody may read it.', remedy: 'GRANT' };
  const facts = { figures, server: SERVER, thresholds: mergeThresholds() };
  const outside = { ...NOTHING_TOLD, log, backups: { unknown: 'There is no repository.' } };
  const checks = [logErrors, logSlow, backupUnproven];
  const { unknown } = assess({ ...facts, outside }, { checks });
  expect(byReason(unknown)).toMatchObject([
    {
      title: "Errors in the server's log, Slow statements in the server's log",
      ...{ reason: 'Nobody may read it.', remedy: 'GRANT' },
      checks: [{ check: 'log_errors' }, { check: 'log_slow' }],
    },
    { reason: 'There is no repository.', checks: [{ check: 'backup_unproven' }] },
  ]);
});
