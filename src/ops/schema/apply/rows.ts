import { DbError } from '../../../db/errors.ts';
import { fullName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { shellWord } from '../../../text/shell.ts';
import { count } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { quoted } from '../fix/names.ts';
import { forbiddingRows, type RowsQuery } from '../fix/rows.ts';
import type { Addition } from '../fix/statement.ts';
import type { Sides } from '../fix/structure.ts';
import { reading, shownName } from './shared.ts';

/** For each count: a table that takes longer is not counted. */
const SECONDS = 5;

/** Rows that forbid an addition; null: they were not counted. */
export interface Forbidden extends RowsQuery {
  readonly rows: number | null;
}

/** Counts them, for a few seconds at most. Undefined where none can be in the way. Throws DbError where the connection broke. */
export async function forbidden(
  session: Session,
  addition: Addition,
  sides: Sides,
): Promise<Forbidden | undefined> {
  const found = forbiddingRows(addition, sides);
  if (found === undefined) return undefined;
  try {
    const rows = await counted(session, found.query);
    return { ...found, rows };
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    // a column, a table or a function that is yet to be made: there are no rows to be in the way
    if (['42703', '42P01', '42883', '3F000', '42704'].includes(error.code ?? '')) return undefined;
    return { ...found, rows: null };
  }
}

async function counted(session: Session, query: string): Promise<number> {
  return reading(session, SECONDS, async () => {
    const [row] = await session.single(`SELECT count(*)::text AS rows FROM (${query}) counted`);
    return Number(row?.rows ?? 0);
  });
}

/** What the data forbids, with the query that lists the rows. Throws DbError. */
export async function rowChecks(
  session: Session,
  additions: readonly Addition[],
  sides: Sides,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const addition of additions) {
    const found = await forbidden(session, addition, sides);
    if (found === undefined || found.rows === 0) continue;
    const title = shownName(addition);
    const next = orphansCommand(addition);
    checks.push({
      title,
      status: 'warn',
      detail:
        found.rows === null
          ? `Not counted within ${SECONDS} s: rows that forbid it may be there. See them with: ${found.query}`
          : `${count(found.rows)} ${found.rows === 1 ? 'row forbids' : 'rows forbid'} it: ${found.why}. See them with: ${found.query}${next === undefined ? '' : ` Then: ${next}`}`,
    });
  }
  return checks;
}

/** What removes orphans, once the key is there and not valid. */
export function orphansCommand({ reads, subject }: Addition): string | undefined {
  if (reads?.kind !== 'reference') return undefined;
  const [schema = '', table = '', key = ''] = subject.name;
  return `pgdeck orphans --table ${shellWord(fullName(schema, table))} --key ${shellWord(key)}`;
}

/** Rows that a column that is added without NOT NULL leaves without a value. Throws DbError. */
export async function backfillChecks(session: Session, additions: readonly Addition[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const addition of additions.filter(({ note }) => note?.startsWith('it may be null') === true)) {
    const [table, own] = [quoted(addition.subject.name.slice(0, 2)), quoted(addition.subject.name.slice(2))];
    const rows = await counted(session, `SELECT FROM ${table}`).catch((error: unknown) => {
      if (error instanceof DbError && error.kind !== 'lost') return null;
      throw error;
    });
    checks.push({
      title: shownName(addition),
      status: 'warn',
      detail: `${rows === null ? 'Rows that are there' : `${count(rows)} ${rows === 1 ? 'row' : 'rows'}`} would have no value, so it is added without NOT NULL. See them with: SELECT * FROM ${table} WHERE ${own} IS NULL`,
    });
  }
  return checks;
}
