import type { Session } from '../../../db/session.ts';
import type { BadPolicy, ShapedTable } from '../shape/shape.ts';
import type { OrphanRows } from '../source/orphans.ts';
import type { SourceDatabase } from '../source/rows.ts';
import type { Reject } from './rows.ts';

/** What loading the tables of a file shares. */
export interface Loading {
  readonly session: Session;
  readonly database: SourceDatabase;
  /** They are there already. */
  readonly existing: boolean;
  readonly bad: BadPolicy;
  /** Rows that are left out, since what they refer to is not there. */
  readonly orphans: OrphanRows;
  readonly signal: AbortSignal;
  readonly onReject: (reject: Reject) => void;
  /** Answers what forgets the rejects that come from now on. */
  readonly mark: () => () => void;
  readonly onRows: (table: ShapedTable, rows: number, phase: 'load' | 'compare') => void;
}
