import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Hazard, Lost } from '../types.ts';

/** How many are counted; the rest is named. */
const COUNTED = 20;

/** What is lost, with how many rows, or values, it has: `users (12 rows)`. Counting gives up soon. */
export async function countLost(session: Session, hazards: readonly Hazard[]): Promise<string[]> {
  const all = hazards.flatMap(({ lost = [] }) => lost);
  const seen = new Map(all.map((one) => [nameOf(one), one]));
  const told: string[] = [];
  for (const [name, one] of seen) {
    const count = told.length < COUNTED ? await countOf(session, one) : undefined;
    told.push(count === undefined ? name : `${name} (${count})`);
  }
  return told;
}

const nameOf = ({ table, column }: Lost): string => (column === undefined ? table : `${table}.${column}`);

async function countOf(session: Session, { table, column }: Lost): Promise<string | undefined> {
  const relation = table.split('.').map(quoteIdent).join('.');
  const what = column === undefined ? '*' : quoteIdent(column);
  const [one, many] = column === undefined ? ['row', 'rows'] : ['value', 'values'];
  await session.sql('BEGIN READ ONLY');
  try {
    // hidden rows are lost as well, so that an answer without them is none
    await session.sql(
      "SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '500ms'; SET LOCAL row_security = off",
    );
    const [row] = await session.sql(`SELECT count(${what})::text AS n FROM ${relation}`);
    return `${row?.n} ${row?.n === '1' ? one : many}`;
  } catch {
    return undefined;
  } finally {
    if (!session.lost) await session.sql('ROLLBACK');
  }
}
