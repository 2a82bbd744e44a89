import { type Levels, type LevelsId, THRESHOLDS, type Thresholds } from '../config/thresholds.ts';
import { type Measure, SEVERITY_OF, type Severity } from './finding.ts';
import { levelOf } from './level.ts';

/** A figure on the scale of the settings: for the score, and for a finding where it is beyond normal. */
export interface Graded {
  readonly measure: Measure;
  readonly found?: {
    readonly severity: Severity;
    readonly value: number;
    readonly unit: Measure['unit'];
    /** The limit that it is beyond. */
    readonly threshold: number;
    readonly levels: Levels;
  };
}

/** Where a value stands. */
export function graded(id: LevelsId, value: number, thresholds: Thresholds): Graded {
  const { unit } = THRESHOLDS[id];
  const measure = { value, unit, levels: thresholds[id] };
  const level = levelOf(id, value, thresholds);
  if (level === 'normal') return { measure };
  const threshold = thresholds[id][level === 'warn' ? 'normal' : level];
  return { measure, found: { severity: SEVERITY_OF[level], value, unit, threshold, levels: thresholds[id] } };
}
