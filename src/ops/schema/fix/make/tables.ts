import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { partsOfName, quoted } from '../names.ts';
import { type Addition, addition, type Statement } from '../statement.ts';
import { list, parentsOf, type Sides, text } from '../structure.ts';
import { columnSettings, columnText, optionsText } from './columns.ts';
import { commentOf } from './comment.ts';
import { indexOf } from './indexes.ts';

/** Constraints of a new table that need no other table. */
const OWN_CONSTRAINT = /^(PRIMARY KEY|UNIQUE|CHECK|EXCLUDE)\b/;

/**
 * A new table in one transaction with everything that needs no other object: columns, keys, checks, indexes, comments.
 * What refers to other tables, and triggers and policies, come later. A partition is attached in the same transaction.
 */
export function makeTable(table: SchemaObject, sides: Sides): Addition[] | undefined {
  if (text(table, 'of_type') !== undefined) return undefined;
  const foreign = table.kind === 'foreign table';
  const inside = sides.expected.inside(table.name);
  const [parent] = parentsOf(table);
  const bound = text(table, 'partition_bound');
  const attached = parent !== undefined && bound !== undefined;
  const name = quoted(table.name);
  const constraints = inside.filter(
    (one) =>
      one.kind === 'constraint' &&
      OWN_CONSTRAINT.test(text(one, 'definition') ?? '') &&
      // INHERITS brings the checks
      (attached || one.attributes.inherited !== true),
  );
  const indexes = inside.filter(({ kind }) => kind === 'index');
  const statements: Statement[] = [
    create(table, sides, foreign),
    ...inherited(table, sides, attached),
    ...sides.expected.columns(table.name).flatMap((column) => columnSettings(column)),
    ...constraints.map((one) => ({
      sql: `ALTER TABLE ${name} ADD CONSTRAINT ${quoteIdent(one.name[2] ?? '')} ${text(one, 'definition')}${tablespaceOf(one)}`,
    })),
    ...indexes.flatMap((index) => indexOf(index, 'plain') ?? []),
    ...flags(table, [...constraints, ...indexes]),
    ...[table, ...sides.expected.columns(table.name), ...constraints, ...indexes].flatMap(commentOf),
  ];
  if (!attached) {
    const also = parentsOf(table)
      .filter((one) => sides.actual.of('table', one) !== undefined)
      .map((on) => ({ lock: 'ShareUpdateExclusiveLock' as const, on }));
    return [addition(table, 'table', statements, { also })];
  }
  const key = text(sides.actual.of('table', parent) ?? table, 'partition_key') ?? '';
  const there = sides.actual.of('table', parent) !== undefined;
  const fallback = sides.actual.children(parent).find((one) => text(one, 'partition_bound') === 'DEFAULT');
  const attach = `ALTER TABLE ${quoted(parent)} ATTACH PARTITION ${name} ${bound}`;
  return [
    addition(table, 'partition', [...statements, { sql: attach }], {
      ...(there && {
        on: parent,
        lock: 'ShareUpdateExclusiveLock' as const,
        // its rows are read meanwhile: none of them may belong to the new one
        ...(fallback !== undefined && {
          also: [{ lock: 'AccessExclusiveLock' as const, on: fallback.name }],
        }),
        reads: { kind: 'bound' as const, key, bound },
      }),
    }),
  ];
}

function create(table: SchemaObject, { expected }: Sides, foreign: boolean): Statement {
  const name = quoted(table.name);
  const attached = text(table, 'partition_bound') !== undefined;
  const parents = list(table, 'inherits').map((parent) => quoted(partsOfName(parent) ?? [parent]));
  const columns = expected
    .columns(table.name)
    .filter(({ attributes }) => attached || attributes.inherited !== true);
  const texts = columns.map((column) => columnText(column));
  const key = text(table, 'partition_key');
  const method = text(table, 'access_method');
  const options = [
    optionsText(list(table, 'options')),
    optionsText(list(table, 'toast_options'), 'toast.'),
  ].filter((part) => part !== '');
  const words = foreign ? 'FOREIGN TABLE' : table.attributes.unlogged === true ? 'UNLOGGED TABLE' : 'TABLE';
  const server = text(table, 'server');
  const tail = [
    ...(parents.length === 0 ? [] : [`INHERITS (${parents.join(', ')})`]),
    ...(key === undefined ? [] : [`PARTITION BY ${key}`]),
    ...(server === undefined ? [] : [`SERVER ${quoteIdent(server)}`]),
    ...(foreign && list(table, 'server_options').length > 0
      ? [`OPTIONS (${serverOptions(list(table, 'server_options'))})`]
      : []),
    ...(method === undefined ? [] : [`USING ${quoteIdent(method)}`]),
    ...(options.length === 0 ? [] : [`WITH (${options.join(', ')})`]),
  ];
  return {
    sql: `CREATE ${words} ${name} (${texts.map(({ sql }) => sql).join(', ')})${tail.map((word) => ` ${word}`).join('')}${tablespaceOf(table, '')}`,
    back: `DROP ${foreign ? 'FOREIGN TABLE' : 'TABLE'} ${name}`,
    expressions: texts.flatMap(({ expressions }) => expressions),
    types: texts.flatMap(({ types }) => types),
    columns: columns.map((column) => column.name[2] ?? ''),
  };
}

function tablespaceOf(object: SchemaObject, words = ' USING INDEX'): string {
  const tablespace = text(object, 'tablespace');
  return tablespace === undefined ? '' : `${words} TABLESPACE ${quoteIdent(tablespace)}`;
}

function serverOptions(options: readonly string[]): string {
  return options
    .map((option) => {
      const at = option.indexOf('=');
      return `${quoteIdent(option.slice(0, at))} ${quoteLiteral(option.slice(at + 1)).trim()}`;
    })
    .join(', ');
}

/** What a child says otherwise of the columns that it has from its parents. */
function inherited(table: SchemaObject, { expected }: Sides, attached: boolean): Statement[] {
  if (attached) return [];
  const parents = parentsOf(table);
  return expected
    .columns(table.name)
    .filter(({ attributes }) => attributes.inherited === true)
    .flatMap((column) => {
      const own = column.name[2] ?? '';
      const above = parents.flatMap((parent) => expected.of('column', [...parent, own]) ?? []);
      const alter = `ALTER TABLE ${quoted(table.name)} ALTER COLUMN ${quoteIdent(own)}`;
      const standard = text(column, 'default');
      const same = above.some((one) => text(one, 'default') === standard);
      const strict = above.some(({ attributes }) => attributes.not_null === true);
      return [
        ...(standard === undefined || same
          ? []
          : [{ sql: `${alter} SET DEFAULT ${standard}`, expressions: [standard] }]),
        ...(column.attributes.not_null === true && !strict ? [{ sql: `${alter} SET NOT NULL` }] : []),
      ];
    });
}

/** What holds of the table as a whole. */
function flags({ name, attributes }: SchemaObject, indexed: readonly SchemaObject[]): Statement[] {
  const alter = `ALTER TABLE ${quoted(name)}`;
  const own = (one: SchemaObject) => quoteIdent(one.name[2] ?? '');
  const identity = attributes.replica_identity;
  return [
    ...(attributes.row_security === true ? [`${alter} ENABLE ROW LEVEL SECURITY`] : []),
    ...(attributes.force_row_security === true ? [`${alter} FORCE ROW LEVEL SECURITY`] : []),
    ...(typeof identity === 'string' ? [`${alter} REPLICA IDENTITY ${identity.toUpperCase()}`] : []),
    ...indexed.flatMap((one) => [
      ...(one.attributes.replica_identity === true
        ? [`${alter} REPLICA IDENTITY USING INDEX ${own(one)}`]
        : []),
      ...(one.attributes.clustered === true ? [`${alter} CLUSTER ON ${own(one)}`] : []),
    ]),
  ].map((sql) => ({ sql }));
}

/**
 * A column of a table that is there. Rows that are there have no value for it: NOT NULL without one is for later, when
 * somebody has filled it, unless the table is known to be empty.
 */
export function makeColumn(column: SchemaObject, nullable: boolean): Addition[] {
  const table = column.name.slice(0, 2);
  const relation = quoted(table);
  const own = quoteIdent(column.name[2] ?? '');
  const { sql, ...pieces } = columnText(column, { nullable });
  return [
    addition(
      column,
      'column',
      [
        {
          sql: `ALTER TABLE ${relation} ADD COLUMN ${sql}`,
          back: `ALTER TABLE ${relation} DROP COLUMN ${own}`,
          ...pieces,
        },
        ...columnSettings(column),
        ...commentOf(column),
      ],
      {
        on: table,
        lock: 'AccessExclusiveLock',
        ...noteOf(column, nullable),
      },
    ),
  ];
}

function noteOf(column: SchemaObject, nullable: boolean): { note?: string } {
  if (nullable) return { note: 'it may be null: fill it for the rows that are there, then SET NOT NULL' };
  const generated = text(column, 'generated') ?? '';
  const rewrites =
    generated.endsWith(' STORED') ||
    text(column, 'identity') !== undefined ||
    (text(column, 'default') ?? '').includes('(');
  return rewrites ? { note: 'the table is written anew, unless its default is the same for all rows' } : {};
}
