import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { columnSettings } from '../make/columns.ts';
import { commentLock, commentOf } from '../make/comment.ts';
import { validation } from '../make/constraints.ts';
import { attachment, makeIndex } from '../make/indexes.ts';
import { ownedBy } from '../make/sequences.ts';
import { tablesWith } from '../make/types.ts';
import { quoted } from '../names.ts';
import { type Addition, addition } from '../statement.ts';
import { list, parentsOf, type Sides, text } from '../structure.ts';
import type { Change } from './change.ts';

type Adds = (change: Change, sides: Sides) => Addition[] | undefined;

/** Changes that only add, by attribute. */
const ADDS: Readonly<Record<string, Adds>> = {
  // the attributes of a file are anybody's words: `constructor` is none of these
  __proto__: null as never,
  labels: newLabels,
  comment: newComment,
  definition: validated,
  invalid: rebuilt,
  invalid_index: rebuilt,
  partition_of: attached,
  storage: newSetting,
  statistics: newSetting,
  target: newTarget,
  owned_by: (change, sides) => {
    if (change.actual.attributes.owned_by !== undefined) return undefined;
    const owner = ownedBy(change.expected, sides);
    return owner === undefined ? undefined : [owner];
  },
};

/** Undefined: it is no mere addition. */
export function additionsOfChange(change: Change, sides: Sides): Addition[] | undefined {
  return ADDS[change.key]?.(change, sides);
}

/** Values that an enum lacks, each at its place, where those that are there keep theirs. Each is a transaction. */
function newLabels({ actual, expected }: Change): Addition[] | undefined {
  const [there, wanted] = [list(actual, 'labels'), list(expected, 'labels')];
  const kept = wanted.filter((label) => there.includes(label));
  if (JSON.stringify(kept) !== JSON.stringify(there)) return undefined;
  const name = quoted(expected.name);
  return wanted.flatMap((label, at) => {
    if (there.includes(label)) return [];
    // behind the one before it, which is there by now; the first one before the first that is there
    const [before, first] = [wanted[at - 1], there[0]];
    const where =
      before === undefined
        ? first === undefined
          ? ''
          : ` BEFORE ${quoteLiteral(first).trim()}`
        : ` AFTER ${quoteLiteral(before).trim()}`;
    const sql = `ALTER TYPE ${name} ADD VALUE ${quoteLiteral(label).trim()}${where}`;
    return [
      addition(expected, 'enum value', [{ sql }], { alone: true, note: 'a value cannot be removed again' }),
    ];
  });
}

/** A comment where there was none. */
function newComment({ actual, expected }: Change): Addition[] | undefined {
  if (text(actual, 'comment') !== undefined) return undefined;
  const statements = commentOf(expected);
  if (statements.length === 0) return undefined;
  return [addition(expected, 'comment', statements, commentLock(expected))];
}

/** A constraint that holds for new rows only, where it should hold for all. */
function validated({ actual, expected }: Change, sides: Sides): Addition[] | undefined {
  const [there, wanted] = [text(actual, 'definition') ?? '', text(expected, 'definition') ?? ''];
  if (there !== `${wanted} NOT VALID`) return undefined;
  if (expected.kind === 'constraint') return [validation(expected, wanted)];
  if (expected.kind !== 'domain constraint') return undefined;
  const [domain, own] = [quoted(expected.name.slice(0, 2)), quoteIdent(expected.name[2] ?? '')];
  return [
    addition(expected, 'constraint', [{ sql: `ALTER DOMAIN ${domain} VALIDATE CONSTRAINT ${own}` }], {
      also: tablesWith(expected.name.slice(0, 2), sides.actual).map((on) => ({
        lock: 'ShareLock' as const,
        on,
      })),
      note: 'reads every column of that domain',
    }),
  ];
}

/** An index that was left unfinished; that of a partitioned table is for a person. */
function rebuilt({ actual, expected }: Change, sides: Sides): Addition[] | undefined {
  const table = expected.name.slice(0, 2);
  if (sides.actual.of('table', table)?.attributes.partition_key !== undefined) return undefined;
  if (actual.attributes.invalid !== true && actual.attributes.invalid_index !== true) return undefined;
  const index = quoted([table[0] ?? '', expected.name[2] ?? '']);
  const unique = (text(expected, 'definition') ?? '').startsWith('CREATE UNIQUE');
  return [
    addition(expected, 'index', [{ sql: `REINDEX INDEX CONCURRENTLY ${index}` }], {
      alone: true,
      on: table,
      lock: 'ShareUpdateExclusiveLock',
      ...(unique && {
        reads: { kind: 'unique' as const, definition: text(expected, 'definition') ?? '' },
      }),
    }),
  ];
}

/** An index of a partition that its parent's does not have yet, which is there. */
function attached({ actual, expected }: Change, sides: Sides): Addition[] | undefined {
  if (expected.kind !== 'index' || actual.attributes.partition_of !== undefined) return undefined;
  // the parent's index, where that is missing as well, takes it when it is made
  const parents = parentsOf(expected).flatMap((parent) => indexAt(parent, sides) ?? []);
  const [missing] = parents.filter((one) => !sides.actual.has(one));
  return missing === undefined ? attachment(expected, sides) : makeIndex(missing, sides);
}

/** The index of that name, whatever its table. */
function indexAt([schema, name]: readonly string[], { expected }: Sides): SchemaObject | undefined {
  return expected.inside([schema ?? '']).find((one) => one.kind === 'index' && one.name[2] === name);
}

/** Storage and statistics of a column where they were not set. */
function newSetting({ actual, expected, key }: Change): Addition[] | undefined {
  if (actual.attributes[key] !== undefined || expected.kind !== 'column') return undefined;
  const only = { ...expected, attributes: { [key]: expected.attributes[key] ?? '' } };
  const statements = columnSettings(only);
  if (statements.length === 0) return undefined;
  return [
    addition(expected, 'column', statements, {
      on: expected.name.slice(0, 2),
      lock: key === 'storage' ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock',
    }),
  ];
}

function newTarget({ actual, expected }: Change): Addition[] | undefined {
  const { target } = expected.attributes;
  if (actual.attributes.target !== undefined || typeof target !== 'number') return undefined;
  return [
    addition(expected, 'other', [
      { sql: `ALTER STATISTICS ${quoted(expected.name)} SET STATISTICS ${target}` },
    ]),
  ];
}
