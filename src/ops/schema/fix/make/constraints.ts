import { quoteIdent } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { partsOfName, quoted } from '../names.ts';
import { type Addition, addition } from '../statement.ts';
import { type Sides, text } from '../structure.ts';
import { commentOf } from './comment.ts';

/** `PRIMARY KEY (a, b) INCLUDE (c) DEFERRABLE`: what an index can be made of, and what is said besides. */
const KEY =
  /^(PRIMARY KEY|UNIQUE)( NULLS NOT DISTINCT)? (\((?:"(?:[^"]|"")+"|[^()"])+\))( INCLUDE \((?:"(?:[^"]|"")+"|[^()"])+\))?( DEFERRABLE)?( INITIALLY DEFERRED)?$/;
const REFERENCES =
  /^FOREIGN KEY .* REFERENCES ((?:"(?:[^"]|"")+"|[^\s"(.]+)\.(?:"(?:[^"]|"")+"|[^\s"(.]+))\s*\(/s;

/** A constraint of a table that is there, without keeping others from their rows for long. */
export function makeConstraint(constraint: SchemaObject, sides: Sides): Addition[] {
  const definition = text(constraint, 'definition') ?? '';
  if (definition.startsWith('FOREIGN KEY')) return makeForeign(constraint, definition, sides);
  if (definition.startsWith('CHECK')) return makeCheck(constraint, definition);
  const table = constraint.name.slice(0, 2);
  const partitioned = sides.expected.of('table', table)?.attributes.partition_key !== undefined;
  const key = partitioned || definition.includes('WITHOUT OVERLAPS') ? null : KEY.exec(definition);
  return key === null ? makeDirectly(constraint, definition, sides) : makeKey(constraint, key, sides);
}

/**
 * The index first, which takes long and keeps nobody from writing; the constraint takes it over in a moment. One that a
 * run has left which was stopped between the two is taken over, too.
 */
function makeKey(
  constraint: SchemaObject,
  [, word, distinct = '', columns = '', include = '', ...deferred]: RegExpExecArray,
  { actual }: Sides,
): Addition[] {
  const table = constraint.name.slice(0, 2);
  const [relation, own] = [quoted(table), quoteIdent(constraint.name[2] ?? '')];
  const tablespace = text(constraint, 'tablespace');
  const what = `${columns}${include}${distinct}`;
  const there = actual.of('index', constraint.name);
  const same =
    there !== undefined &&
    /^CREATE UNIQUE INDEX /.test(text(there, 'definition') ?? '') &&
    text(there, 'definition')?.endsWith(` USING btree ${what}`) === true;
  const index = [
    `CREATE UNIQUE INDEX CONCURRENTLY ${own} ON ${relation} ${what}`,
    ...(tablespace === undefined ? [] : [`TABLESPACE ${quoteIdent(tablespace)}`]),
  ].join(' ');
  const name = quoted([table[0] ?? '', constraint.name[2] ?? '']);
  const build = same ? `REINDEX INDEX CONCURRENTLY ${name}` : index;
  const back = `DROP INDEX CONCURRENTLY ${name}`;
  const add = `ALTER TABLE ${relation} ADD CONSTRAINT ${own} ${word} USING INDEX ${own}${deferred.filter(Boolean).join('')}`;
  const built = addition(constraint, 'key', [same ? { sql: build } : { sql: build, back }], {
    alone: true,
    on: table,
    lock: 'ShareUpdateExclusiveLock',
    reads: { kind: 'unique', definition: text(constraint, 'definition') ?? '' },
  });
  return [
    ...(same && there.attributes.invalid !== true ? [] : [built]),
    addition(constraint, 'key', [{ sql: add, back: dropOf(constraint) }, ...commentOf(constraint)], {
      on: table,
      lock: 'AccessExclusiveLock',
      ...(word === 'PRIMARY KEY' && { note: 'reads the table where a column may be null so far' }),
    }),
  ];
}

function makeDirectly(constraint: SchemaObject, definition: string, { expected }: Sides): Addition[] {
  const table = constraint.name.slice(0, 2);
  // those of its partitions are built before, and taken over
  const parts = expected
    .children(table)
    .flatMap(({ name }) => expected.inside(name))
    .filter((one) => one.kind === 'constraint' && text(one, 'definition') === definition);
  const own = quoteIdent(constraint.name[2] ?? '');
  const sql = `ALTER TABLE ${quoted(table)} ADD CONSTRAINT ${own} ${definition}`;
  const key = KEY.test(definition);
  return [
    addition(constraint, 'key', [{ sql, back: dropOf(constraint) }, ...commentOf(constraint)], {
      on: table,
      lock: 'AccessExclusiveLock',
      after: parts.map(({ name }) => name),
      note:
        parts.length > 0
          ? 'those of its partitions are built before, while others write'
          : 'nobody reads or writes the table until its index is built',
      ...(key && { reads: { kind: 'unique' as const, definition } }),
    }),
  ];
}

function makeForeign(constraint: SchemaObject, definition: string, sides: Sides): Addition[] {
  const table = constraint.name.slice(0, 2);
  const fresh = sides.actual.of('table', table) === undefined;
  const partitioned = sides.expected.of('table', table)?.attributes.partition_key !== undefined;
  // NOT VALID is refused there before 18
  const directly = fresh || (partitioned && sides.actual.major < 18);
  const to = partsOfName(REFERENCES.exec(definition)?.[1] ?? '');
  const other = to !== undefined && sides.actual.of('table', to) !== undefined ? to : null;
  const on = fresh ? other : table;
  return twoSteps(constraint, definition, {
    on,
    ...(other !== null && { also: [{ lock: 'ShareRowExclusiveLock', on: other }] }),
    lock: on === null ? null : 'ShareRowExclusiveLock',
    directly,
    kind: 'reference',
  });
}

function makeCheck(constraint: SchemaObject, definition: string): Addition[] {
  return twoSteps(constraint, definition, {
    on: constraint.name.slice(0, 2),
    lock: 'AccessExclusiveLock',
    directly: false,
    kind: 'check',
  });
}

/** For new rows at once; those that are there are read while others write. What is not enforced is never read for. */
function twoSteps(
  constraint: SchemaObject,
  definition: string,
  {
    directly,
    kind,
    ...locks
  }: Pick<Addition, 'on' | 'lock' | 'also'> & { directly: boolean; kind: 'check' | 'reference' },
): Addition[] {
  const relation = quoted(constraint.name.slice(0, 2));
  const own = quoteIdent(constraint.name[2] ?? '');
  const asIs = directly || / NOT (VALID|ENFORCED)$/.test(definition);
  const sql = `ALTER TABLE ${relation} ADD CONSTRAINT ${own} ${definition}${asIs ? '' : ' NOT VALID'}`;
  const reads = { kind, definition };
  return [
    addition(constraint, 'constraint', [{ sql, back: dropOf(constraint) }, ...commentOf(constraint)], {
      ...locks,
      ...(directly && locks.on !== null && { reads }),
    }),
    ...(asIs ? [] : [validation(constraint, definition)]),
  ];
}

/** Reads the rows that are there for a constraint that holds for new ones so far. */
export function validation(constraint: SchemaObject, definition: string): Addition {
  const table = constraint.name.slice(0, 2);
  const sql = `ALTER TABLE ${quoted(table)} VALIDATE CONSTRAINT ${quoteIdent(constraint.name[2] ?? '')}`;
  return addition(constraint, 'constraint', [{ sql }], {
    on: table,
    lock: 'ShareUpdateExclusiveLock',
    reads: { kind: definition.startsWith('FOREIGN KEY') ? 'reference' : 'check', definition },
  });
}

function dropOf({ name }: SchemaObject): string {
  return `ALTER TABLE ${quoted(name.slice(0, 2))} DROP CONSTRAINT ${quoteIdent(name[2] ?? '')}`;
}
