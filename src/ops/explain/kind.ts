import type { ParseResult } from 'libpg-query';
import type { Session } from '../../db/session.ts';
import { as, eachInside, kindOf } from '../sql/ast.ts';
import { loadParser } from '../sql/parser.ts';
import { callsOf } from './calls.ts';
import { explainErrors } from './errors.ts';

/** What running a statement does besides answering. */
export interface Kind {
  /** It takes a transaction that may write: rows are changed, or locked. */
  readonly writes: boolean;
  /** Why it is more than a plain SELECT, in sentences. */
  readonly reasons: readonly string[];
}

/** What the names of the statements that change rows are. */
const CHANGES = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
} as const;

/** Reads a statement by PostgreSQL's own parser. Throws OpError where that cannot. */
export async function kindOfStatement(sql: string, session: Session): Promise<Kind> {
  const tree = await parsed(sql);
  const [only, ...more] = tree.stmts ?? [];
  if (only?.stmt === undefined || more.length > 0) throw explainErrors.many({ n: (tree.stmts ?? []).length });
  const reasons: string[] = [];
  let writes = false;
  const outer = kindOf(only.stmt);
  for (const [kind, word] of Object.entries(CHANGES) as [keyof typeof CHANGES, string][]) {
    let inside = outer === kind;
    eachInside(only.stmt, kind, () => {
      inside = true;
    });
    if (!inside) continue;
    writes = true;
    reasons.push(
      `It runs ${article(word)} ${word}: triggers fire, and rows are locked until it is rolled back.`,
    );
  }
  eachInside(only.stmt, 'LockingClause', () => {
    if (!writes) reasons.push('It locks the rows that it reads until it is rolled back.');
    writes = true;
  });
  if (as(only.stmt, 'SelectStmt')?.intoClause !== undefined) {
    writes = true;
    reasons.push('It makes a table (SELECT INTO), which is rolled back.');
  }
  if (outer !== undefined && outer !== 'SelectStmt' && !(outer in CHANGES) && reasons.length === 0)
    throw explainErrors.unexplainable({
      why: 'Only SELECT, INSERT, UPDATE, DELETE, MERGE and VALUES can be run for their plan.',
    });
  const { volatile, unread } = await callsOf(only.stmt, session);
  if (volatile.length > 0)
    reasons.push(
      `It calls ${volatile.join(', ')}, which may do anything: what that sends elsewhere is not rolled back.`,
    );
  if (unread.length > 0)
    reasons.push(
      `It reads ${unread.join(', ')}, of which the text cannot be read: what that calls is not known.`,
    );
  return { writes, reasons };
}

const article = (word: string) => (/^[AEIOU]/.test(word) ? 'an' : 'a');

async function parsed(sql: string): Promise<ParseResult> {
  const parser = await loadParser();
  try {
    return parser.parse(sql);
  } catch (error) {
    throw explainErrors.unparsed({ why: (error as Error).message });
  }
}
