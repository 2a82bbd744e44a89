/** PostgreSQL cuts longer identifiers off, in the middle of a character if need be. */
const NAME_BYTES = 63;

/**
 * The name of a database that belongs to another one: its name, cut between characters where it is too long, and the
 * suffix. The whole name is kept in the marker, see {@link file://./markers.ts}.
 */
export function derivedName(database: string, suffix: string): string {
  const room = NAME_BYTES - Buffer.byteLength(suffix);
  let kept = '';
  let bytes = 0;
  for (const character of database) {
    bytes += Buffer.byteLength(character);
    if (bytes > room) break;
    kept += character;
  }
  return kept + suffix;
}

/** What a derived database is, as its name tells: `shop__before_20261120T121444`. */
const DERIVED = /__(restore|before|rolledback|verify)_\d{8}T\d{6}(-[0-9a-f]{6})?$/;

/** Loaded beside the live database, to take its name later. */
export const freshName = (database: string, run: string): string => named(database, 'restore', run);

/** The live database after a swap: the way back. */
export const beforeName = (database: string, run: string): string => named(database, 'before', run);

/** What had been swapped in, after the swap was undone. */
export const rolledBackName = (database: string, run: string): string => named(database, 'rolledback', run);

/** Loaded only to see that it can be. */
export const verifyName = (database: string, run: string): string => named(database, 'verify', run);

/** Where a run tries migrations, away from the live database. */
export const shadowName = (run: string): string => `pgdeck_shadow_${run}`;

const SHADOW = /^pgdeck_shadow_\d{8}T\d{6}-[0-9a-f]{6}$/;

/** Whether pgdeck gives such names. */
export function isDerivedName(database: string): boolean {
  return DERIVED.test(database) || SHADOW.test(database);
}

function named(database: string, what: string, run: string): string {
  const name = derivedName(database, `__${what}_${run.slice(0, 15)}`);
  // two names that are alike once they are cut must not meet in one second
  return name.startsWith(`${database}__`) ? name : derivedName(database, `__${what}_${run}`);
}
