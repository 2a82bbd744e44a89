import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import type { Statement } from '../statement.ts';
import { list, text } from '../structure.ts';

const GENERATED = / (STORED|VIRTUAL)$/;

/** A column as CREATE TABLE and ADD COLUMN take it, and what has to be said of it afterwards. */
export interface ColumnText {
  readonly sql: string;
  readonly expressions: readonly string[];
  readonly types: readonly string[];
}

/** `nullable`: NOT NULL is left out, which rows that are there would forbid. */
export function columnText(column: SchemaObject, { nullable = false } = {}): ColumnText {
  const { attributes } = column;
  const type = text(column, 'type') ?? '';
  const collation = text(column, 'collation');
  const compression = text(column, 'compression');
  const value = ownValue(column);
  const sql = [
    quoteIdent(column.name.at(-1) ?? ''),
    type,
    ...(compression === undefined ? [] : [`COMPRESSION ${quoteIdent(compression)}`]),
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
    ...value.words,
    ...(attributes.not_null === true && !nullable ? notNull(column) : []),
  ];
  return { sql: sql.join(' '), expressions: value.expressions, types: [type] };
}

function ownValue(column: SchemaObject): { words: string[]; expressions: string[] } {
  const generated = text(column, 'generated');
  if (generated !== undefined) {
    const expression = generated.replace(GENERATED, '');
    const how = GENERATED.exec(generated)?.[1] ?? 'STORED';
    return { words: [`GENERATED ALWAYS AS (${expression}) ${how}`], expressions: [expression] };
  }
  const identity = text(column, 'identity');
  if (identity !== undefined) {
    const [how = '', options = ''] = identity.split(/ (?=\()/);
    return { words: [`GENERATED ${how} AS IDENTITY ${options}`.trimEnd()], expressions: [] };
  }
  const standard = text(column, 'default');
  return standard === undefined
    ? { words: [], expressions: [] }
    : { words: [`DEFAULT ${standard}`], expressions: [standard] };
}

/** NOT NULL has a name from 18 on; before, the name is read and forgotten. */
function notNull(column: SchemaObject): string[] {
  const named = text(column, 'not_null_constraint');
  if (named === undefined) return ['NOT NULL'];
  const name = named.replace(/ NOT VALID$/, '').replace(/ NO INHERIT$/, '');
  const alone = / NO INHERIT( NOT VALID)?$/.test(named) ? ' NO INHERIT' : '';
  return [`CONSTRAINT ${quoteIdent(name)} NOT NULL${alone}`];
}

/** Whether a new row gets a value by itself. */
export function hasValue(column: SchemaObject): boolean {
  return ['default', 'generated', 'identity'].some((key) => text(column, key) !== undefined);
}

/** What ADD COLUMN does not take: storage, statistics, options. `of`: `TABLE`, `MATERIALIZED VIEW`. */
export function columnSettings(column: SchemaObject, of = 'TABLE'): Statement[] {
  const { attributes, name } = column;
  const alter = `ALTER ${of} ${quoted(name.slice(0, 2))} ALTER COLUMN ${quoteIdent(name[2] ?? '')}`;
  const storage = text(column, 'storage');
  const options = list(column, 'options');
  return [
    ...(storage === undefined ? [] : [{ sql: `${alter} SET STORAGE ${storage.toUpperCase()}` }]),
    ...(typeof attributes.statistics === 'number'
      ? [{ sql: `${alter} SET STATISTICS ${attributes.statistics}` }]
      : []),
    ...(options.length === 0 ? [] : [{ sql: `${alter} SET (${optionsText(options)})` }]),
  ];
}

/** `fillfactor=70` as SQL takes it; `prefix`: `toast.`. */
export function optionsText(options: readonly string[], prefix = ''): string {
  return options
    .map((option) => {
      const at = option.indexOf('=');
      const [name, value] = at < 0 ? [option, 'true'] : [option.slice(0, at), option.slice(at + 1)];
      return `${prefix}${quoteIdent(name)}=${quoteLiteral(value).trim()}`;
    })
    .join(', ');
}
