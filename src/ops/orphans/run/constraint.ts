import { DbError } from '../../../db/errors.ts';
import { fullName, quoteIdent, quoteLiteral, quoteRelation } from '../../../db/ident.ts';
import type { MaintenanceLock } from '../../../db/queries/maintain/locks.ts';
import type { Session } from '../../../db/session.ts';
import type { StepIo } from '../../engine/plan.ts';
import { withLockRetries } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import { type ForeignKey, foreignKeys } from '../../rows/queries/keys.ts';
import type { KeyFacts } from '../facts.ts';
import { shapeOf, withoutNotValid } from '../key.ts';

/** Seconds that one attempt waits for its locks: whoever comes later stands behind it for as long. */
export const LOCK_SECONDS = 2;

type Named = Pick<KeyFacts, 'schema' | 'table' | 'name' | 'definition'>;

const tableSql = ({ schema, table }: Named) => quoteRelation({ schema, name: table });

/** `valid`: the rows are checked at once, with the lock that it takes. */
export function addSql(key: Named, valid: boolean): string {
  return `ALTER TABLE ${tableSql(key)} ADD CONSTRAINT ${quoteIdent(key.name)} ${key.definition}${valid ? '' : ' NOT VALID'}`;
}

export function validateSql(key: Named): string {
  return `ALTER TABLE ${tableSql(key)} VALIDATE CONSTRAINT ${quoteIdent(key.name)}`;
}

export function dropSql(key: Named): string {
  return `ALTER TABLE ${tableSql(key)} DROP CONSTRAINT ${quoteIdent(key.name)}`;
}

export function commentSql(key: Named, comment: string): string {
  return `COMMENT ON CONSTRAINT ${quoteIdent(key.name)} ON ${tableSql(key)} IS ${quoteLiteral(comment).trim()}`;
}

/** The key of that name and that definition, as it is now; undefined where there is none. */
export async function findKey(session: Session, key: Named): Promise<ForeignKey | undefined> {
  return (await session.run(foreignKeys, undefined)).find(
    (one) => one.schema === key.schema && one.table === key.table && one.name === key.name,
  );
}

/** Whether the key is what was meant, valid or not. */
export function isSame(found: ForeignKey, { was, definition, shape }: KeyFacts): boolean {
  return was === 'missing' ? shapeOf(found) === shape : withoutNotValid(found.definition) === definition;
}

export interface Alter {
  readonly sql: string;
  readonly table: { readonly schema: string; readonly name: string };
  /** The table and the one that it refers to. */
  readonly oids: readonly number[];
  readonly mode: MaintenanceLock;
  /** Seconds for all attempts. */
  readonly wait: number;
}

/**
 * Runs a statement of ALTER TABLE, in short attempts while others hold a lock. Throws {@link OpError} that names who does,
 * or DbError.
 */
export async function alter(io: StepIo, session: Session, one: Alter): Promise<void> {
  let looking: Session | undefined;
  const look = async () => {
    looking ??= await io.connect();
    return looking;
  };
  const wanted = { name: fullName(one.table.schema, one.table.name), oids: one.oids, mode: one.mode };
  const patience = { lockTimeout: LOCK_SECONDS, wait: one.wait };
  try {
    await withLockRetries(io, { wanted, patience, look }, async () => {
      await session.sql(lockTimeoutSql(LOCK_SECONDS));
      await session.sql(one.sql);
    });
  } finally {
    await looking?.close();
  }
}

/** Rows break the key. */
export function isViolation(error: unknown): boolean {
  return error instanceof DbError && error.code === '23503';
}
