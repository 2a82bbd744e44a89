import { quoteIdent } from '../../db/ident.ts';
import type { AmcheckExtension } from './queries/amcheck.ts';

/** What amcheck can do here for this role; each name is quoted with its schema, ready to be called. Undefined: not. */
export interface Ability {
  readonly indexCheck: string | undefined;
  readonly parentCheck: string | undefined;
  /** The index checks take `checkunique`: from amcheck 1.4 on, which came with 17. */
  readonly unique: boolean;
  /** From amcheck 1.3 on, which came with 14. */
  readonly heap: string | undefined;
  /** From amcheck 1.5 on, which came with 18. */
  readonly gin: string | undefined;
}

export const NO_ABILITY: Ability = {
  indexCheck: undefined,
  parentCheck: undefined,
  unique: false,
  heap: undefined,
  gin: undefined,
};

export function abilityOf({ schema, usable, functions }: AmcheckExtension): Ability {
  if (schema === null || usable !== true) return NO_ABILITY;
  const may = (name: string) => functions.some((one) => one === name || one === `${name}+unique`);
  const called = (name: string) => (may(name) ? `${quoteIdent(schema)}.${name}` : undefined);
  return {
    indexCheck: called('bt_index_check'),
    parentCheck: called('bt_index_parent_check'),
    unique: functions.includes('bt_index_check+unique'),
    heap: called('verify_heapam'),
    gin: called('gin_index_check'),
  };
}

/** Schema that the extension is created in: on the search path of nearly everybody. */
export const SCHEMA = 'public';

/** What there will be once it is installed, by the version that the server has. */
export function abilityOnceInstalled(version: string): Ability {
  const at = Number(/^1\.(\d+)$/.exec(version)?.[1] ?? 0);
  const from = (minor: number, name: string) => (at >= minor ? `${quoteIdent(SCHEMA)}.${name}` : undefined);
  return {
    indexCheck: from(0, 'bt_index_check'),
    parentCheck: from(0, 'bt_index_parent_check'),
    unique: at >= 4,
    heap: from(3, 'verify_heapam'),
    gin: from(5, 'gin_index_check'),
  };
}

/** The one statement that installs it. */
export const INSTALL = `CREATE EXTENSION amcheck SCHEMA ${quoteIdent(SCHEMA)}`;
/** And what takes it back. */
export const REMOVE = 'DROP EXTENSION amcheck';
