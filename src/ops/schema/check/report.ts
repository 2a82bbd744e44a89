import type { Session } from '../../../db/session.ts';
import type { SchemaSnapshot } from '../format.ts';
import { isPrivileges } from '../format.ts';
import type { Baseline } from './baseline.ts';
import { comparedIn, type NotCompared, notComparedIn } from './compared.ts';
import type { Issue } from './issue.ts';
import { type Expectation, issuesOf } from './issues.ts';
import { type TableFact, tableFacts } from './tables.ts';

export { issuesOf } from './issues.ts';

export const REPORT_VERSION = 1;

/** `healthy`: as expected, or with more besides; `warning`: something minor; `unhealthy`: something critical. */
export type SchemaStatus = 'healthy' | 'warning' | 'unhealthy';

export interface ReportedIssue extends Issue {
  /** The baseline names it: it does not count. */
  readonly known: boolean;
}

/** What `schema check --json` answers. */
export interface SchemaReport {
  readonly formatVersion: typeof REPORT_VERSION;
  readonly status: SchemaStatus;
  readonly timestamp: string;
  /** `user@host:port/database`. */
  readonly server: string;
  readonly server_version: string;
  /** What it was compared with, in words. */
  readonly against: string;
  readonly compared: readonly string[];
  readonly notCompared: readonly NotCompared[];
  /** The critical ones first. */
  readonly issues: readonly ReportedIssue[];
  /** Ids that the baseline names and that are no issues any more. */
  readonly gone: readonly string[];
  readonly suggestions: readonly string[];
  readonly tables: Readonly<Record<string, TableFact>>;
}

/** What a database is compared with, as {@link file://../expected/open.ts} has it. */
export interface Against extends Expectation {
  readonly snapshot: SchemaSnapshot;
  readonly described: string;
}

export interface ReportOptions {
  /** Database that is looked at. */
  readonly session: Session;
  readonly actual: SchemaSnapshot;
  readonly expected: Against;
  readonly grants: boolean;
  readonly baseline?: Baseline | undefined;
  readonly at: Date;
  readonly server: string;
  /** Tables are looked at besides, and counted. */
  readonly tables: boolean;
  /** The command that mends what can be mended. */
  readonly fix: string;
}

/** The verdict on a database. Throws DbError. */
export async function reportOf(options: ReportOptions): Promise<SchemaReport> {
  const { session, actual, expected, grants, baseline = new Set<string>(), at, server } = options;
  const { snapshot, partial = false } = expected;
  const comparison = { actual, expected: snapshot, grants, partial };
  const withGrants = comparedIn(comparison).includes('owners and grants');
  const only = (one: SchemaSnapshot) => (withGrants ? one : withoutPrivileges(one));
  const issues = issuesOf(only(actual), only(snapshot), expected).map((issue) => ({
    ...issue,
    known: baseline.has(issue.id),
  }));
  const ids = new Set(issues.map(({ id }) => id));
  return {
    formatVersion: REPORT_VERSION,
    status: statusOf(issues),
    timestamp: at.toISOString(),
    server,
    server_version: session.server.version,
    against: expected.described,
    compared: comparedIn(comparison),
    notCompared: notComparedIn(comparison),
    issues,
    gone: [...baseline].filter((id) => !ids.has(id)),
    suggestions: suggestionsFor(issues, options.fix),
    tables: options.tables ? await tableFacts(session, snapshot) : {},
  };
}

/** Those that are known, and what is there besides, count for nothing. */
export function statusOf(issues: readonly Pick<ReportedIssue, 'severity' | 'known'>[]): SchemaStatus {
  const open = issues.filter(({ known }) => !known);
  if (open.some(({ severity }) => severity === 'critical')) return 'unhealthy';
  return open.some(({ severity }) => severity === 'minor') ? 'warning' : 'healthy';
}

/** Without owners and grants: of one of the two they may not have been asked for. */
export function withoutPrivileges(snapshot: SchemaSnapshot): SchemaSnapshot {
  return { ...snapshot, objects: snapshot.objects.filter((object) => !isPrivileges(object)) };
}

function suggestionsFor(issues: readonly ReportedIssue[], fix: string): string[] {
  const open = issues.filter(({ known, severity }) => !known && severity !== 'info');
  const mended = open.filter(({ fixable }) => fixable).length;
  const others = open.length - mended;
  return [
    ...(mended > 0 ? [`See what pgdeck adds by itself, and in which order: ${fix} --plan`] : []),
    ...(others > 0
      ? [
          'What pgdeck does not do by itself has its SQL in fixSql, where there is one: read it before it is run.',
        ]
      : []),
  ];
}
