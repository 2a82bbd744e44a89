import type { Part } from '../../../monitor/snapshot.ts';
import type { RawInput } from '../../../ops/engine/operation.ts';
import type { BackendRef } from '../../core/view.ts';

export type ConsumerKind =
  | 'database'
  | 'kept copy'
  | 'table'
  | 'index'
  | 'WAL'
  | 'WAL kept'
  | 'temporary'
  | 'server log'
  | 'orphans'
  | 'backups';

/** One thing that takes room on a disk. */
export interface Consumer {
  readonly kind: ConsumerKind;
  readonly name: string;
  /** Null: not known; `note` says why. */
  readonly bytes: number | null;
  /** False: as of the last VACUUM or ANALYZE. */
  readonly exact: boolean;
  /** False: a part of another row: a table of its database. */
  readonly whole: boolean;
  /** Null: not known, or not yet. */
  readonly growth: number | null;
  readonly note: string;
  /** What makes it smaller; empty where that is nobody's but its owner's to say. */
  readonly helps: string;
  /** The operation that does it, with what its form is filled in with. */
  readonly remedy?: { readonly operation: string; readonly input: RawInput };
  /** The session that would free it when it is cancelled. */
  readonly backend?: BackendRef;
}

/** What a consumer is without more to say. */
export const NOTHING = { exact: true, whole: true, growth: null, note: '', helps: '' } as const;

/** Why a part says nothing, with what would change that. */
export function unknown({ status, reason, remedy }: Part<unknown>): string | undefined {
  if (status === 'ok' || reason === undefined) return undefined;
  return `not known: ${reason}${remedy === undefined ? '' : ` To see it: ${remedy}`}`;
}
