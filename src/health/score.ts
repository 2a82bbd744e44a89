import type { Measure } from './finding.ts';
import type { Level } from './level.ts';

/**
 * The share of a category's weight that a figure costs: nothing up to normal, linear to 60 % at alert, and from there to
 * all of it at critical.
 */
export function deduction({ value, levels: { normal, alert, critical } }: Measure): number {
  const sign = normal <= critical ? 1 : -1;
  const along = (from: number, to: number) => (from === to ? 1 : (value - from) / (to - from));
  if (sign * value <= sign * normal) return 0;
  if (sign * value < sign * alert) return 0.6 * along(normal, alert);
  if (sign * value < sign * critical) return 0.6 + 0.4 * along(alert, critical);
  return 1;
}

const LEVELS: readonly (readonly [below: number, level: Level])[] = [
  [60, 'critical'],
  [80, 'alert'],
  [90, 'warn'],
];

/** What a score stands for. */
export function scoreLevel(score: number): Level {
  return LEVELS.find(([below]) => score < below)?.[1] ?? 'normal';
}

/** A category with what it costs; undefined: not measured. */
export interface Weighed {
  readonly weight: number;
  readonly deduction: number | undefined;
}

/**
 * The score of 0 to 100 over what was measured, and how much of the weights that is, in percent. Caps keep the number
 * from contradicting the findings. No coverage: none of these categories has a weight.
 */
export function scoreOf(
  weighed: readonly Weighed[],
  caps: readonly number[],
): { readonly score: number | null; readonly coverage?: number } {
  const known = weighed.filter(({ deduction }) => deduction !== undefined);
  const sum = (of: readonly Weighed[]) => of.reduce((total, { weight }) => total + weight, 0);
  const covered = sum(known);
  const total = sum(weighed);
  if (total === 0) return { score: null };
  const coverage = Math.floor((100 * covered) / total);
  if (covered === 0) return { score: null, coverage };
  const lost = known.reduce((total, { weight, deduction = 0 }) => total + weight * deduction, 0);
  return { score: Math.round(Math.min(100 * (1 - lost / covered), ...caps)), coverage };
}
