import { fullName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Doubts } from '../../concurrently/doubts.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import type { MaintenanceSessions } from '../../maintain/shared/sessions.ts';
import type { Addition } from '../fix/statement.ts';
import type { Sides } from '../fix/structure.ts';

/** One addition, as a step of the run. */
export interface Work {
  readonly id: string;
  readonly title: string;
  readonly addition: Addition;
}

/** What the steps of a run share. */
export interface Shared {
  readonly context: OpContext;
  readonly sides: Sides;
  readonly patience: Patience;
  readonly sessions: MaintenanceSessions;
  readonly doubts: Doubts;
  /** Some need each other in a circle: what fails for want of another one is tried again at the end. */
  readonly circle: boolean;
  readonly progress: Progress;
}

/** Title of the statements that take back what a run has added; they are for a person to run. */
export const TAKE_BACK = 'How to take it back, the last first';

/** How far the run came. */
export interface Progress {
  readonly done: Work[];
  readonly failed: Set<string>;
  readonly again: Work[];
}

/**
 * What decides how a statement is read and what it makes: names have their schema, the bodies of functions may name what
 * comes later, and strings, times and money are read as they were written.
 */
export const SETTINGS = [
  "SET search_path = ''",
  'SET standard_conforming_strings = on',
  'SET check_function_bodies = off',
  "SET default_tablespace = ''",
  'SET default_table_access_method = heap',
  'SET row_security = off',
  "SET datestyle = 'ISO, MDY'",
  "SET intervalstyle = 'postgres'",
  "SET timezone = 'UTC'",
  "SET lc_monetary = 'C'",
  'SET array_nulls = on',
  'SET transform_null_equals = off',
].join('; ');

/** `app.orders`, or an index's with its schema. */
export function shownName({ subject: { kind, name } }: Addition): string {
  if (kind === 'index') return `${fullName(name[0] ?? null, name[2] ?? '')}`;
  return name.map((part) => fullName(null, part)).join('.');
}

/** What the steps read that must not write. Ends the transaction in any case. */
export async function reading<T>(session: Session, seconds: number, work: () => Promise<T>): Promise<T> {
  await session.sql('BEGIN READ ONLY');
  try {
    await session.sql(`SET LOCAL search_path = ''; SET LOCAL statement_timeout = '${seconds}s'`);
    return await work();
  } finally {
    await session.sql('ROLLBACK').catch(() => {});
  }
}
