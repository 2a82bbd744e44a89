import { randomBytes } from 'node:crypto';
import { DbError } from '../../../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../../../db/ident.ts';
import type { Session } from '../../../../db/session.ts';
import { sentenceOf } from '../../../error.ts';
import { loadParser } from '../../../sql/parser.ts';
import { pathOf } from '../../format.ts';
import { expectedErrors } from '../errors.ts';
import { type ReadColumn, type Reference, readColumn } from './column.ts';
import type { ListedTable } from './parse.ts';

/** A table of the list with the schema that it is in. */
export interface PlacedTable extends ListedTable {
  readonly schema: string;
}

/** A schema that is there for the time of the transaction, and the one that its tables are meant to be in. */
export interface Stage {
  readonly temporary: string;
  readonly schema: string;
}

export interface Making {
  readonly session: Session;
  readonly file: string;
  readonly tables: readonly PlacedTable[];
  /** The schemas that names are looked for in. */
  readonly path: readonly string[];
}

export interface Made {
  /** Of the tables of the list. */
  readonly stages: readonly Stage[];
  /** Of tables that they refer to, which are made with no more than what is referred to. */
  readonly stubs: readonly Stage[];
  /** Columns that say NULL, by table and name. */
  readonly nullable: ReadonlySet<string>;
}

/**
 * Makes the tables of a list in schemas of their own, in the transaction that is open: nothing that exists is locked
 * against anybody. Throws OpError that names the place in the list.
 */
export async function makeTables({ session, file, tables, path }: Making): Promise<Made> {
  const parser = await loadParser();
  const mark = randomBytes(5).toString('hex');
  const names = new Map<string, Stage[]>();
  const stage = async (kind: 'list' | 'stub', schema: string): Promise<Stage> => {
    const known = names.get(kind) ?? [];
    const found = known.find((one) => one.schema === schema);
    if (found !== undefined) return found;
    const made = { temporary: `pgdeck_${kind}_${mark}_${known.length}`, schema };
    names.set(kind, [...known, made]);
    await session.sql(`CREATE SCHEMA ${made.temporary}`);
    return made;
  };
  const nullable = new Set<string>();
  const stubs = new Stubs(session, tables, path);
  for (const table of tables) {
    const { temporary } = await stage('list', table.schema);
    const relation = quoteRelation({ schema: temporary, name: table.name });
    await session.sql(
      `SET LOCAL search_path = ${[...new Set([table.schema, ...path])].map(quoteIdent).join(', ')}`,
    );
    await session.sql(`CREATE TABLE ${relation} ()`);
    for (const { name, type } of table.columns) {
      const at = `tables.${table.key}.columns.${name}`;
      const refuse = (why: string, error?: unknown) => expectedErrors.badList({ file, at, why }, error);
      const column = readColumn(parser, name, type);
      if (typeof column === 'string') throw refuse(column);
      if (column.nullable) nullable.add(`${pathOf({ name: [table.schema, table.name] })} ${name}`);
      const places = new Map<Reference, string>();
      try {
        for (const reference of column.references) {
          const place = await stubs.find(reference, table.schema);
          const { temporary: beside } = await stage('stub', place.schema);
          const known = await stubs.make(beside, place, column);
          if (!known) throw refuse(`Say which column is meant: references ${reference.name}(id).`);
          places.set(reference, quoteRelation({ schema: beside, name: place.name }));
        }
        const text = column.text((one) => [...places].find(([key]) => same(key, one))?.[1] ?? '');
        await session.sql(`ALTER TABLE ${relation} ADD COLUMN ${quoteIdent(name)} ${text}`);
      } catch (error) {
        throw error instanceof DbError && !session.lost ? refuse(sentenceOf(error), error) : error;
      }
    }
  }
  return { stages: names.get('list') ?? [], stubs: names.get('stub') ?? [], nullable };
}

const same = (one: Reference, other: Reference): boolean => JSON.stringify(one) === JSON.stringify(other);

interface Place {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

const FOUND = `SELECT n.nspname::text AS schema FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND n.nspname = ANY ($2)`;

const KEY = `SELECT a.attname::text AS name FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'p' AND n.nspname = $1 AND c.relname = $2`;

/** Stand-ins for tables that are referred to: a key to the real one would lock it against writing. */
class Stubs {
  readonly #session: Session;
  readonly #tables: readonly PlacedTable[];
  readonly #path: readonly string[];
  readonly #made = new Set<string>();

  constructor(session: Session, tables: readonly PlacedTable[], path: readonly string[]) {
    this.#session = session;
    this.#tables = tables;
    this.#path = path;
  }

  /** The table that is meant: of the list, else of the database; where there is none, one beside. */
  async find({ schema, name, columns }: Reference, beside: string): Promise<Place> {
    const schemas = schema === undefined ? [beside, ...this.#path] : [schema];
    const rows = await this.#session.sql(FOUND, [name, schemas]);
    const found = schemas.find(
      (one) =>
        this.#tables.some((table) => table.schema === one && table.name === name) ||
        rows.some((row) => row.schema === one),
    );
    return { schema: found ?? schemas[0] ?? 'public', name, columns };
  }

  /** Makes it with the columns that are referred to. False where nothing says which. */
  async make(temporary: string, place: Place, { type }: ReadColumn): Promise<boolean> {
    const columns = place.columns.length > 0 ? place.columns : await this.#keyOf(place);
    if (columns === undefined) return false;
    const relation = quoteRelation({ schema: temporary, name: place.name });
    const list = columns.map(quoteIdent).join(', ');
    if (!this.#made.has(relation)) await this.#session.sql(`CREATE TABLE ${relation} ()`);
    this.#made.add(relation);
    // where no column is named the key is the primary one
    const key = place.columns.length > 0 ? 'UNIQUE' : 'PRIMARY KEY';
    const once = `${relation} ${key} ${list}`;
    if (this.#made.has(once)) return true;
    this.#made.add(once);
    for (const column of columns)
      await this.#session.sql(
        `ALTER TABLE ${relation} ADD COLUMN IF NOT EXISTS ${quoteIdent(column)} ${typeOfKey(type)}`,
      );
    await this.#session.sql(`ALTER TABLE ${relation} ADD ${key} (${list})`);
    return true;
  }

  /** The column of its primary key; undefined where there is none to be seen, or more than one. */
  async #keyOf({ schema, name }: Place): Promise<string[] | undefined> {
    const listed = this.#tables.find((table) => table.schema === schema && table.name === name);
    const own = listed?.columns.find(({ type }) => /\bprimary\s+key\b/i.test(type));
    if (own !== undefined) return [own.name];
    const [column, ...others] = await this.#session.sql(KEY, [schema, name]);
    return column === undefined || others.length > 0 ? undefined : [String(column.name)];
  }
}

/** What a column is that a column of this type refers to. */
function typeOfKey(type: string): string {
  const serial = /^(small|big)?serial([248])?$/i.exec(type.trim());
  if (serial === null) return type;
  const [, size, bytes] = serial;
  return size?.toLowerCase() === 'big' || bytes === '8' ? 'bigint' : 'integer';
}
