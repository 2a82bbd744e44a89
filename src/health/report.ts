import { z } from 'zod';
import { displayName } from '../db/ident.ts';
import { tableExactPoll, tableSizesPoll } from '../db/queries/relations.ts';
import type { Figures } from '../monitor/figures.ts';
import type { Assessment, Blind, CategoryState } from './assess.ts';
import { type Finding, type Remedy, SEVERITIES, type Severity } from './finding.ts';

/** Grows when a reader of an older one would misread it. */
export const FORMAT_VERSION = 1;

/** With less of the score's weights measured a server is never called healthy. */
const COVERED = 60;

export const STATUSES = ['healthy', 'warning', 'unhealthy', 'error'] as const;
export type Status = (typeof STATUSES)[number];

/** The verdict as scripts get it. Names are a contract; see {@link FORMAT_VERSION}. */
export interface HealthReport {
  readonly formatVersion: typeof FORMAT_VERSION;
  readonly status: Status;
  /** Less than 60 % of what is scored could be measured. */
  readonly partial: boolean;
  /** 0 to 100; null where nothing could be measured. */
  readonly score: number | null;
  /** Percent of the score's weights that was measured. */
  readonly coverage: number;
  readonly timestamp: string;
  readonly server: string;
  /** Sentences on what is wrong, the worst first; what is waived or in the baseline is not among them. */
  readonly issues: readonly string[];
  readonly suggestions: readonly string[];
  readonly categories: readonly CategoryState[];
  readonly findings: readonly ReportedFinding[];
  /** What could not be measured, and what would change that. */
  readonly unknown: readonly Omit<Blind, 'wait'>[];
  /** The largest tables of the connected database. */
  readonly tables: Readonly<Record<string, TableRecord>>;
}

/** A finding in the JSON. */
export type ReportedFinding = Omit<
  Finding,
  'waiver' | 'value' | 'unit' | 'threshold' | 'levels' | 'object' | 'cap' | 'grouped'
> & {
  readonly grouped: NonNullable<Finding['grouped']> | null;
  readonly object: string | null;
  readonly value: number | null;
  readonly unit: string | null;
  readonly threshold: number | null;
  readonly waived: { readonly until: string; readonly reason: string } | null;
  /** It was there when the baseline was taken. */
  readonly known: boolean;
};

interface TableRecord {
  readonly exists: true;
  readonly row_count: number | null;
  readonly row_count_kind: 'estimate' | 'unknown';
  /** With indexes and TOAST. Measured where no exclusive lock was in the way, else of the last VACUUM or ANALYZE. */
  readonly bytes: number | null;
  readonly bytes_kind: 'measured' | 'estimate' | 'unknown';
}

/** What tells a report of a newer version, whatever else that has. */
export const formatSchema = z.object({ formatVersion: z.int().positive() });

const before = z.object({ id: z.string(), severity: z.enum(SEVERITIES) });

/** What an earlier report has to have to be compared with. */
export const baselineSchema = formatSchema.extend({
  server: z.string().optional(),
  findings: z.array(before.extend({ grouped: z.array(before).nullish() })),
});
export type Baseline = z.output<typeof baselineSchema>;

/** Whether a finding was in the baseline, at least as bad; of one that stands for many, each of those. */
function knownBy(baseline: Baseline | undefined): (finding: Finding) => boolean {
  const members = (baseline?.findings ?? []).flatMap((one) => one.grouped ?? [one]);
  const severities = new Map(members.map(({ id, severity }) => [id, SEVERITIES.indexOf(severity)]));
  return ({ grouped, ...single }) =>
    (grouped ?? [single]).every(
      ({ id, severity }) => (severities.get(id) ?? -1) >= SEVERITIES.indexOf(severity),
    );
}

/** The verdict: only what is neither waived nor in the baseline counts, and what is not known is never good. */
export function reportOf(
  { findings, unknown, categories, score, coverage }: Assessment,
  {
    at,
    server,
    figures,
    baseline,
    say,
  }: {
    readonly at: Date;
    readonly server: string;
    readonly figures: Figures;
    readonly baseline?: Baseline | undefined;
    /** A remedy in one line: the SQL, the command, or what a person has to do. */
    readonly say: (remedy: Remedy) => string;
  },
): HealthReport {
  const isKnown = knownBy(baseline);
  const counts = findings.filter((one) => one.waiver === undefined && !isKnown(one));
  const partial = coverage < COVERED;
  const has = (severity: Severity) => counts.some((one) => one.severity === severity);
  const told = counts.filter(({ severity }) => severity !== 'info');
  return {
    formatVersion: FORMAT_VERSION,
    status: has('critical') ? 'unhealthy' : has('alert') || partial ? 'warning' : 'healthy',
    partial,
    score,
    coverage,
    timestamp: at.toISOString(),
    server,
    issues: told.map(({ title }) => title),
    suggestions: [...new Set(told.map(({ remedy }) => say(remedy)))],
    categories,
    findings: findings.map((one) => reported(one, isKnown(one))),
    unknown: unknown.map(({ wait: _, ...one }) => one),
    tables: tablesOf(figures),
  };
}

function tablesOf(figures: Figures): HealthReport['tables'] {
  const measured = new Map(figures.rows(tableExactPoll).map(({ oid, total_bytes }) => [oid, total_bytes]));
  return Object.fromEntries(
    figures.rows(tableSizesPoll).map((row): [string, TableRecord] => {
      const size = measured.get(row.oid) ?? null;
      const estimate = row.sized ? row.est_total_bytes : null;
      return [
        displayName(row.schemaname, row.relname),
        {
          exists: true,
          row_count: row.est_rows,
          row_count_kind: row.est_rows === null ? 'unknown' : 'estimate',
          bytes: size ?? estimate,
          bytes_kind: size !== null ? 'measured' : estimate !== null ? 'estimate' : 'unknown',
        },
      ];
    }),
  );
}

function reported({ waiver, cap: _, levels: __, ...finding }: Finding, known: boolean): ReportedFinding {
  const { object = null, value = null, unit = null, threshold = null, grouped = null } = finding;
  return {
    ...finding,
    ...{ object, value, unit, threshold, known, grouped },
    waived: waiver ? { until: waiver.until, reason: waiver.reason } : null,
  };
}
