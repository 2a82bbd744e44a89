import { CONFLICTS, type LockMode } from '../../../db/lock-modes.ts';
import type { SchemaDifference } from '../diff.ts';
import type { SchemaObject, SchemaSnapshot } from '../format.ts';
import { additionsOf } from './additions.ts';
import { changeOf } from './change.ts';
import { locksOf } from './locks.ts';
import { inOrder } from './order.ts';
import { type Addition, PHASES, type Phase } from './statement.ts';
import { type Sides, structureOf } from './structure.ts';

export type { Phase } from './statement.ts';

/** What mends a difference between the database and what is expected of it. */
export interface Remedy {
  /** pgdeck does it itself in `schema fix`: it only adds. */
  readonly fixable: boolean;
  /** Exact SQL in order; of what is not fixable a suggestion for a person, with what only they know as a comment. Empty: none. */
  readonly statements: readonly string[];
  /** The strongest lock mode taken on what exists, in pg_locks' words (`ShareUpdateExclusiveLock`); null: none. */
  readonly lock: string | null;
  /** Place in the order in which everything is done. */
  readonly phase: Phase;
}

/** The two structures that a difference is between. */
export interface Schemas {
  readonly actual: SchemaSnapshot;
  readonly expected: SchemaSnapshot;
}

/** `difference` is of diffSchemas(actual, expected): 'added' = missing in the database, 'removed' = extra there. */
export function remedyOf(difference: SchemaDifference, schemas: Schemas): Remedy {
  const sides = sidesOf(schemas);
  const { additions, suggestion } = mendOf(difference, sides);
  const ordered = inOrder(additions);
  const [first] = ordered;
  if (first === undefined)
    return { fixable: false, statements: suggestion, lock: null, phase: phaseOf(difference.object) };
  return {
    fixable: true,
    statements: ordered.flatMap(({ statements }) => statements.map(({ sql }) => sql)),
    lock: strongest(ordered, sides),
    phase: first.phase,
  };
}

/** What mends one difference: additions, or else what a person may do. */
export interface Mend {
  readonly additions: readonly Addition[];
  readonly suggestion: readonly string[];
}

export function sidesOf({ actual, expected }: Schemas, empty?: ReadonlySet<string>): Sides {
  return {
    actual: structureOf(actual),
    expected: structureOf(expected),
    ...(empty !== undefined && { empty }),
  };
}

/** What is there and not expected is never touched. */
export function mendOf(difference: SchemaDifference, sides: Sides): Mend {
  const { kind, object, path, attribute } = difference;
  const expected = sides.expected.get(object, path);
  if (kind === 'removed' || expected === undefined) return { additions: [], suggestion: [] };
  if (kind === 'added')
    return {
      additions: missing(expected, sides).flatMap((one) => additionsOf(one, sides) ?? []),
      suggestion: [],
    };
  const actual = sides.actual.get(object, path);
  // a column of a view is there without a word, until something is said of it
  if (actual === undefined) return { additions: additionsOf(expected, sides) ?? [], suggestion: [] };
  return changeOf({ actual, expected, key: (attribute ?? '').replaceAll(' ', '_') }, sides);
}

/** An object and what comes with it. */
function missing(object: SchemaObject, { actual, expected }: Sides): SchemaObject[] {
  return [object, ...expected.inside(object.name).filter((one) => one !== object)].filter(
    (one) => !actual.has(one),
  );
}

/** The one that most others have to wait for. */
function strongest(additions: readonly Addition[], { actual }: Sides): LockMode | null {
  const modes = additions.flatMap((one) => locksOf(one, actual).map(({ lock }) => lock));
  return modes.toSorted((a, b) => CONFLICTS[b].length - CONFLICTS[a].length)[0] ?? null;
}

function phaseOf(object: string): Phase {
  return PHASES.find((phase) => phase === object) ?? 'other';
}
