import { quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { exact, plural, roughly } from '../../../text/units.ts';
import type { Progress, ResultTable } from '../../engine/plan.ts';
import { restoreErrors } from '../errors.ts';
import type { Expected, ExpectedTable } from '../load/expected.ts';
import { contentsFlaws, contentsSequences, contentsTables } from '../queries/contents.ts';

/** What a loaded database was found to be. */
export interface Comparison {
  readonly ok: boolean;
  /** One sentence. */
  readonly detail: string;
  readonly table: ResultTable;
}

interface Counted extends ExpectedTable {
  readonly found: number | null;
}

const SHOWN = 20;

/**
 * Compares a loaded database with what the backup says of itself: the rows of each table, large objects, sequences,
 * and whether every index is whole. Without `expected` it only counts. `session` must be in that database.
 */
export async function compareContents(
  session: Session,
  expected: Expected | undefined,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: Progress) => void } = {},
): Promise<Comparison> {
  // a policy that hid rows would make counts wrong without a word
  await session.sql('SET row_security = off');
  const wanted = expected?.tables ?? (await present(session));
  const counted: Counted[] = [];
  for (const table of wanted) {
    signal?.throwIfAborted();
    counted.push({ ...table, found: table.rows === null ? null : await rowsOf(session, table) });
    onProgress?.({ label: 'tables', done: counted.length, of: wanted.length, unit: 'items' });
  }
  const [flaws] = await session.run(contentsFlaws, undefined);
  const problems = [
    ...counted.filter((table) => !matches(table)).map(difference),
    ...(flaws?.invalid_indexes ?? []).map((index) => `the index ${index} is invalid`),
    ...objectProblems(expected, flaws?.large_objects ?? 0),
    ...(await sequenceProblems(session, expected)),
  ];
  const tables = counted.filter(({ found, matview }) => found !== null && !matview);
  const compared = tables.length;
  const rows = tables.reduce((sum, { found }) => sum + (found ?? 0), 0);
  const notes = notesOf(counted, flaws?.unvalidated_constraints ?? 0);
  const good =
    expected === undefined
      ? `${roughly(rows, 'row')} in ${plural(compared, 'table')}; the backup does not say how many there should be.`
      : `${roughly(rows, 'row')} in ${plural(compared, 'table')}, as many as the ${expected.from === 'manifest' ? 'backup counted' : 'archive holds'}.`;
  return {
    ok: problems.length === 0,
    detail:
      problems.length === 0
        ? [good, ...notes].join(' ')
        : `It is not what was backed up: ${problems.slice(0, SHOWN).join('; ')}${problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : ''}.`,
    table: tableOf(counted, flaws?.large_objects ?? 0, expected),
  };
}

/** Throws {@link OpError} when the comparison failed. */
export function required({ ok, detail }: Comparison): void {
  if (!ok) throw restoreErrors.notAsBackedUp({ why: detail });
}

async function present(session: Session): Promise<ExpectedTable[]> {
  const rows = await session.run(contentsTables, undefined);
  return rows.map(({ schema, name, matview, populated }) => ({
    schema,
    name,
    matview,
    rows: populated ? 0 : null,
    copyBytes: null,
  }));
}

/** null: there is no such table. */
async function rowsOf(session: Session, table: ExpectedTable): Promise<number | null> {
  try {
    const relation = `${table.partitioned ? '' : 'ONLY '}${quoteRelation(table)}`;
    const [row] = await session.sql(`SELECT count(*)::float8 AS rows FROM ${relation}`);
    return Number(row?.rows);
  } catch (error) {
    // 42P01: no such table; 3F000: no such schema; 55000: a materialized view that was not filled
    if (['42P01', '3F000', '55000'].includes((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}

function matches({ rows, found, matview }: Counted): boolean {
  if (rows === null) return true;
  // filled anew from tables that may have changed since it was filled last
  return matview ? found !== null : found === rows;
}

function difference({ schema, name, rows, found }: Counted): string {
  return found === null
    ? `${schema}.${name} is missing`
    : `${schema}.${name} has ${plural(found, 'row')} instead of ${exact(rows ?? 0)}`;
}

function objectProblems(expected: Expected | undefined, found: number): string[] {
  const wanted = expected?.largeObjects ?? null;
  return wanted === null || wanted === found
    ? []
    : [`it has ${plural(found, 'large object')} instead of ${exact(wanted)}`];
}

/**
 * A sequence does not belong to a snapshot: the backup's look at it and pg_dump's are moments apart. So one may be
 * elsewhere, but must be there, and used where it was used.
 */
async function sequenceProblems(session: Session, expected: Expected | undefined): Promise<string[]> {
  if (expected === undefined || expected.sequences.length === 0) return [];
  const found = await session.run(contentsSequences, undefined);
  return expected.sequences.flatMap(({ schema, name }) =>
    found.some((one) => one.schema === schema && one.name === name)
      ? []
      : [`the sequence ${schema}.${name} is missing`],
  );
}

function notesOf(counted: readonly Counted[], unvalidated: number): string[] {
  const refreshed = counted.filter(({ matview, rows, found }) => matview && rows !== found);
  const notes: string[] = [];
  if (refreshed.length > 0)
    notes.push(
      `${refreshed.map(({ schema, name }) => `${schema}.${name}`).join(', ')} was refilled and has other rows than when it was filled last.`,
    );
  if (unvalidated > 0)
    notes.push(
      `${unvalidated === 1 ? '1 constraint is' : `${unvalidated} constraints are`} NOT VALID, as before.`,
    );
  return notes;
}

function tableOf(counted: readonly Counted[], objects: number, expected: Expected | undefined): ResultTable {
  const rank = (one: Counted) => (matches(one) ? 0 : 1);
  const sorted = counted
    .filter(({ rows }) => rows !== null)
    .sort((a, b) => rank(b) - rank(a) || (b.found ?? 0) - (a.found ?? 0));
  const rows = sorted
    .slice(0, SHOWN)
    .map((one) => [
      `${one.schema}.${one.name}`,
      expected === undefined ? '-' : String(one.rows),
      one.found === null ? 'missing' : String(one.found),
      expected === undefined ? '' : matches(one) ? 'ok' : 'DIFFERENT',
    ]);
  if (sorted.length > SHOWN) {
    const rest = sorted.slice(SHOWN);
    const sum = (of: (one: Counted) => number | null) =>
      String(rest.reduce((total, one) => total + (of(one) ?? 0), 0));
    rows.push([
      plural(rest.length, 'more table'),
      expected === undefined ? '-' : sum((one) => one.rows),
      sum((one) => one.found),
      expected === undefined ? '' : rest.every(matches) ? 'ok' : 'DIFFERENT',
    ]);
  }
  if (objects > 0 || (expected?.largeObjects ?? 0) > 0)
    rows.push(['large objects', String(expected?.largeObjects ?? '-'), String(objects), '']);
  return { title: 'Verified', columns: ['table', 'rows backed up', 'rows restored', ''], rows };
}
