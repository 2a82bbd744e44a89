import { displayName, fullName, quoteIdent } from '../../db/ident.ts';
import type { Remedy } from '../../health/finding.ts';
import type { CatalogAdvice } from '../../health/index-advice.ts';
import type { Advised } from '../../ops/indexes/advise/advise.ts';
import { candidateName, candidateSql, timeOf } from '../../ops/indexes/advise/candidates.ts';
import type { Trial } from '../../ops/indexes/advise/trial.ts';
import { count, duration, plural } from '../../text/units.ts';

/** One piece of advice, whatever it comes from. */
export interface Advice {
  readonly kind: CatalogAdvice['kind'] | 'missing';
  readonly schema: string;
  readonly table: string;
  readonly index: string | null;
  /** Of one that is missing, as CREATE INDEX takes them. */
  readonly keys: readonly string[];
  readonly bytes: number | null;
  readonly title: string;
  /** Sentences: why, the most important first. */
  readonly reasons: readonly string[];
  readonly evidence: string | null;
  readonly remedy: Remedy;
  /** Of one that is missing: what EXPLAIN says with it. */
  readonly trial: Trial | null;
  readonly statements: readonly {
    readonly queryid: string;
    readonly calls: number;
    readonly total_ms: number;
  }[];
}

/** Statements that are named of a candidate. */
const NAMED = 5;

/**
 * What is to be dropped or mended first, then what is missing, by the time of its statements. A foreign key and statements
 * that want the same columns are one piece of advice with both reasons.
 */
export function mergeAdvice(catalog: readonly CatalogAdvice[], candidates: readonly Advised[]): Advice[] {
  const keys = catalog.filter(({ kind }) => kind === 'foreign_key');
  const served = new Map<Advised, CatalogAdvice[]>();
  const alone = keys.filter((key) => {
    const found = candidates.find((one) => serves(one, key));
    if (found !== undefined) served.set(found, [...(served.get(found) ?? []), key]);
    return found === undefined;
  });
  return [
    ...catalog.filter(({ kind }) => kind !== 'foreign_key').map(ofCatalog),
    ...candidates.map((one) => ofCandidate(one, served.get(one) ?? [])),
    ...alone.map(ofCatalog),
  ];
}

/** Whether the candidate begins with the columns of a foreign key, in any order. */
function serves({ table, keys }: Advised, { about }: CatalogAdvice): boolean {
  if (about.schema !== table.schema || about.table !== table.name) return false;
  const columns = about.columns ?? [];
  const leading = keys.slice(0, columns.length).map(({ column }) => column);
  return columns.length > 0 && columns.every((column) => leading.includes(column));
}

function ofCatalog({ kind, about, title, why, evidence, remedy }: CatalogAdvice): Advice {
  return {
    kind,
    schema: about.schema,
    table: about.table,
    index: about.index ?? null,
    keys: about.columns ?? [],
    bytes: about.bytes,
    title,
    reasons: [why],
    evidence,
    remedy,
    trial: null,
    statements: [],
  };
}

const SERVES = {
  filter: 'rows are looked for by it',
  join: 'rows are joined by it',
  order: 'the first rows in its order are wanted',
} as const;

function ofCandidate(one: Advised, foreign: readonly CatalogAdvice[]): Advice {
  const { table, keys, serves, doubt, askers, trial } = one;
  const calls = askers.reduce((sum, { calls }) => sum + calls, 0);
  return {
    kind: 'missing',
    schema: table.schema,
    table: table.name,
    index: null,
    keys: keys.map(({ sql }) => sql),
    bytes: null,
    title: `No index of ${fullName(table.schema, table.name)} begins with ${candidateName(one).replace(/^.*? \(/, '(')}.`,
    reasons: [
      `In ${plural(askers.length, 'statement')} ${[...serves].map((what) => SERVES[what]).join(', and ')}: ${plural(calls, 'call')}, ${duration(timeOf(one) / 1000)} in all.`,
      ...foreign.map(({ title }) => title),
      ...(doubt === undefined ? [] : [`Low selectivity: ${doubt}.`]),
    ],
    evidence: foreign.length === 0 ? null : foreign.map(({ evidence }) => evidence).join(' '),
    remedy: remedyOf(one),
    trial,
    statements: askers.slice(0, NAMED).map(({ queryid, calls, total_ms }) => ({ queryid, calls, total_ms })),
  };
}

function remedyOf({ table, keys }: Advised): Remedy {
  const cost = 'Reads and writes go on; each write keeps one more index.';
  if (table.owned)
    return {
      operation: 'indexes create',
      input: {
        table: fullName(table.schema, table.name),
        columns: keys.map(({ column, sql }) =>
          column !== undefined && sql === quoteIdent(column) ? displayName(null, column) : sql,
        ),
      },
      cost,
    };
  const [sql = ''] = candidateSql({ table, keys });
  return {
    sql: sql.replace(/^CREATE INDEX/, 'CREATE INDEX CONCURRENTLY'),
    cost: `${cost} It takes the owner of the table.`,
  };
}

/** What EXPLAIN says, in words. */
export function trialText(trial: Trial | null): string | undefined {
  if (trial === null) return undefined;
  if (trial.status === 'not_tested') return `Not tested: ${trial.reason}.`;
  return `Tested: with it EXPLAIN's cost of statement ${trial.queryid} falls from ${count(trial.cost_before)} to ${count(trial.cost_after)}.`;
}
