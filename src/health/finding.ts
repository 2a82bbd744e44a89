import type { Levels, Unit } from '../config/thresholds.ts';
import type { CategoryId } from './categories.ts';
import type { Level } from './level.ts';
import type { Waiver } from './waivers.ts';

/** How bad a finding is, the mildest first. `info` is worth knowing and costs nothing. */
export const SEVERITIES = ['info', 'warning', 'alert', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The severity of a level that is beyond normal. */
export const SEVERITY_OF: Readonly<Record<Exclude<Level, 'normal'>, Severity>> = {
  warn: 'warning',
  alert: 'alert',
  critical: 'critical',
};

/**
 * What mends a finding, as data: an operation with what its form is filled in with, SQL that is no operation, or what a
 * person has to do. `cost` says what it locks and whether anybody notices.
 */
export type Remedy =
  | { readonly operation: string; readonly input: Readonly<Record<string, unknown>>; readonly cost: string }
  | { readonly sql: string; readonly cost: string }
  | { readonly advice: string };

/** What a check says of one object; the check itself, its category and the id are added when it is judged. */
export interface Found {
  /** What it is about: a relation, a slot, a role; never a pid. Absent: the server as a whole. */
  readonly object?: string;
  readonly severity: Severity;
  /** One sentence with the figure. */
  readonly title: string;
  readonly value?: number;
  readonly unit?: Unit;
  /** The limit that the value is beyond. */
  readonly threshold?: number;
  /** The scale that the value is graded on. */
  readonly levels?: Levels;
  /** Where the figure comes from: since when it is counted, a sample or an estimate, what a standby does not know. */
  readonly evidence: string;
  /** Why it matters, in one sentence. */
  readonly why: string;
  readonly remedy: Remedy;
  /** The score is not above this while the finding stands. */
  readonly cap?: number;
}

/** What is wrong with one object, as it is listed, notified of and waived. */
export interface Finding extends Found {
  /** `check`, or `check:object`: the same in every sample, whoever is to blame. */
  readonly id: string;
  readonly check: string;
  readonly category: CategoryId;
  /** Of the one that stands for those beyond the ten worst of its check (`check:*`): those. */
  readonly grouped?: readonly Pick<Finding, 'id' | 'severity'>[];
  /** Set while somebody lives with it. */
  readonly waiver?: Waiver;
}

/** The figure that a category is scored by, with its scale. */
export interface Measure {
  readonly value: number;
  readonly unit: Unit;
  readonly levels: Levels;
}

/** Why something could not be measured, and what would change that. */
export interface Unknown {
  readonly reason: string;
  /** SQL, most often a GRANT, or a sentence. */
  readonly remedy?: string;
  /** Seconds of samples that are still missing: who samples all the time has to wait and nothing else. */
  readonly wait?: number;
}

/** What a check says of the server. Without findings and `unknown` it is good. */
export interface Judgement {
  readonly findings?: readonly Found[];
  readonly measure?: Measure;
  /** It could not be measured, or not all of it: nothing found is then no good news. */
  readonly unknown?: Unknown;
  /** Why there is nothing to find: `no standby is connected`. Counts as good. */
  readonly because?: string;
}
