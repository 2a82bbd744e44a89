import { quoteIdent } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import { type Addition, addition } from '../statement.ts';
import { list, type Sides, text } from '../structure.ts';
import { columnSettings, optionsText } from './columns.ts';
import { commentOf } from './comment.ts';
import { indexOf } from './indexes.ts';

export function makeView(view: SchemaObject, { expected }: Sides): Addition[] {
  const name = quoted(view.name);
  const columns = expected.columns(view.name);
  return [
    addition(view, 'view', [
      { sql: `CREATE VIEW ${name}${withOptions(view)} AS ${query(view)}`, back: `DROP VIEW ${name}` },
      ...columns.flatMap((column) => viewDefault(column)),
      ...[view, ...columns].flatMap(commentOf),
    ]),
  ];
}

/** Filled at once, which is what its readers expect; with its indexes. */
export function makeMaterialized(view: SchemaObject, { expected }: Sides): Addition[] {
  const name = quoted(view.name);
  const columns = expected.columns(view.name);
  const indexes = expected.inside(view.name).filter(({ kind }) => kind === 'index');
  const method = text(view, 'access_method');
  const tablespace = text(view, 'tablespace');
  const sql = [
    `CREATE MATERIALIZED VIEW ${name}`,
    ...(method === undefined ? [] : [` USING ${quoteIdent(method)}`]),
    withOptions(view),
    ...(tablespace === undefined ? [] : [` TABLESPACE ${quoteIdent(tablespace)}`]),
    ` AS ${query(view)}`,
  ].join('');
  return [
    addition(
      view,
      'materialized view',
      [
        { sql, back: `DROP MATERIALIZED VIEW ${name}` },
        ...columns.flatMap((column) => columnSettings(column, 'MATERIALIZED VIEW')),
        ...indexes.flatMap((index) => indexOf(index, 'plain') ?? []),
        ...[view, ...columns, ...indexes].flatMap(commentOf),
      ],
      { note: 'its query is run once' },
    ),
  ];
}

/** What is said of a column of a view that is there: its default, or its comment. */
export function makeViewColumn(column: SchemaObject): Addition[] {
  const standard = viewDefault(column);
  const statements = [...standard, ...commentOf(column)];
  const lock = standard.length > 0 ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock';
  return statements.length === 0
    ? []
    : [addition(column, 'view', statements, { on: column.name.slice(0, 2), lock })];
}

function viewDefault(column: SchemaObject): { sql: string; back: string; expressions: string[] }[] {
  const standard = text(column, 'default');
  if (standard === undefined) return [];
  const alter = `ALTER VIEW ${quoted(column.name.slice(0, 2))} ALTER COLUMN ${quoteIdent(column.name[2] ?? '')}`;
  return [
    { sql: `${alter} SET DEFAULT ${standard}`, back: `${alter} DROP DEFAULT`, expressions: [standard] },
  ];
}

function withOptions(view: SchemaObject): string {
  const options = list(view, 'options');
  return options.length === 0 ? '' : ` WITH (${optionsText(options)})`;
}

function query(view: SchemaObject): string {
  return (text(view, 'definition') ?? '').trim().replace(/;$/, '');
}
