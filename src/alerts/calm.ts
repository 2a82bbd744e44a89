import type { Levels } from '../config/thresholds.ts';
import type { Finding, Severity } from '../health/finding.ts';

/** From how bad on a finding is an alert. */
export type Least = Exclude<Severity, 'info'>;

/** What is below this share of its threshold is no longer near it. */
const SHARE = 0.9;

/** The name of the level that a finding of a severity is beyond. */
const LEVEL_OF: Readonly<Record<Least, keyof Levels>> = {
  warning: 'normal',
  alert: 'alert',
  critical: 'critical',
};

/**
 * Whether a figure is far enough from the limit of a severity: below 90 % of it, or, where less is worse, less than 90 %
 * of the way from normal to it. A finding without a scale is calm as soon as it is less severe.
 */
export function isCalm({ value, levels }: Pick<Finding, 'value' | 'levels'>, severity: Least): boolean {
  if (value === undefined || levels === undefined) return true;
  const limit = levels[LEVEL_OF[severity]];
  const { normal, critical } = levels;
  return normal <= critical ? value < SHARE * limit : normal - value < SHARE * (normal - limit);
}
