import { cleanLine } from '../../../text/clean.ts';
import { as } from '../../sql/ast.ts';
import type { Parser } from '../../sql/parser.ts';
import { checksumOf } from './checksum.ts';
import { aloneReason, isConcurrent } from './classify.ts';
import { locksOf } from './locks.ts';
import { type Cut, notForServer, type Piece, split } from './split.ts';
import type { Section, Statement } from './statement.ts';

/** Reads one direction of a migration. `alone`: its file says that it is not to be run in a transaction. */
export function readSection(parser: Parser, piece: Piece, alone?: string): Section {
  const base = { sql: piece.sql, checksum: checksumOf(parser, piece.sql) };
  const failed = (error: string): Section => ({
    ...base,
    statements: [],
    transactional: true,
    why: undefined,
    error,
  });
  const cut = split(parser, piece);
  if (!cut.ok) return failed(cut.error);
  const refused = cut.statements.find(({ node }) => notForServer(node));
  if (refused) return failed(`${piece.file}:${refused.line}: ${notForServer(refused.node)}`);
  const own = ownTransactions(cut.statements);
  if (own.error !== undefined) return failed(`${piece.file}:${own.error}`);
  const statements = own.statements.map(statementOf);
  const first = statements.find((statement) => statement.alone !== undefined);
  const why =
    (first ? `${first.alone} (line ${first.line})` : undefined) ??
    own.why ??
    (own.embraced ? undefined : alone);
  return { ...base, statements, transactional: why === undefined, why, error: undefined };
}

function statementOf({ sql, line, node }: Cut): Statement {
  return {
    sql,
    line,
    title: titleOf(sql),
    node,
    alone: aloneReason(node),
    concurrently: isConcurrent(node),
    locks: locksOf(node),
  };
}

const TITLE = 72;

function titleOf(sql: string): string {
  const line = cleanLine(sql.slice(0, 1000)).trim();
  return line.length <= TITLE ? line : `${line.slice(0, TITLE - 1).trimEnd()}…`;
}

interface Own {
  readonly statements: readonly Cut[];
  /** BEGIN and COMMIT embraced all of it and were left out. */
  readonly embraced: boolean;
  readonly why: string | undefined;
  readonly error: string | undefined;
}

/** What the file's own BEGIN and COMMIT mean. */
function ownTransactions(cuts: readonly Cut[]): Own {
  let open: Cut | undefined;
  let changes = 0;
  const result = (more: Partial<Own>): Own => ({
    statements: cuts,
    embraced: false,
    why: undefined,
    error: undefined,
    ...more,
  });
  for (const cut of cuts) {
    const { kind = '' } = as(cut.node, 'TransactionStmt') ?? {};
    if (/_(BEGIN|START)$/.test(kind)) {
      if (open)
        return result({ error: `${cut.line}: BEGIN, and the one of line ${open.line} is still open.` });
      open = cut;
      changes += 1;
    } else if (/_(COMMIT|ROLLBACK|PREPARE)$/.test(kind)) {
      if (!open) return result({ error: `${cut.line}: ${titleOf(cut.sql)} has no BEGIN before it.` });
      if (kind.endsWith('_ROLLBACK'))
        return result({
          error: `${cut.line}: ROLLBACK rolls back what was done since line ${open.line}, and the history would have it as done.`,
        });
      if (as(cut.node, 'TransactionStmt')?.chain !== true) open = undefined;
      changes += 1;
    } else {
      const reason = open ? aloneReason(cut.node) : undefined;
      if (reason)
        return result({ error: `${cut.line}: ${reason}, and BEGIN of line ${open?.line} is open.` });
    }
  }
  if (open) return result({ error: `${open.line}: BEGIN has no COMMIT after it.` });
  if (changes === 0) return result({});
  const first = as(cuts[0]?.node, 'TransactionStmt');
  const last = as(cuts.at(-1)?.node, 'TransactionStmt');
  const plain = first !== undefined && first.options === undefined && last?.kind === 'TRANS_STMT_COMMIT';
  if (changes === 2 && plain) return result({ statements: cuts.slice(1, -1), embraced: true });
  const { line } = cuts.find(({ node }) => 'TransactionStmt' in node) ?? { line: 1 };
  return result({ why: `it makes its own transactions (line ${line})` });
}
