import { tableKey } from '../roots.ts';
import { nameAt, type Statement } from './statement.ts';

/** A table in a dump. */
export interface DumpedTable {
  readonly schema: string;
  readonly name: string;
  /** Its definition is there. */
  readonly defined: boolean;
  /** It can hold rows of its own: neither partitioned nor foreign. */
  readonly plain: boolean;
  /** Rows of its COPY or INSERTs; undefined without any, null where they cannot be counted, as among those of its root. */
  readonly rows: number | null | undefined;
  /** Bytes of its COPY text; null where it has none. */
  readonly copyBytes: number | null;
  /** Its rows are among those of what it is a partition of. */
  readonly throughRoot?: true;
}

/** Kinds of objects whose number tells a part from a whole. */
export type ObjectKind =
  | 'schema'
  | 'extension'
  | 'type'
  | 'function'
  | 'sequence'
  | 'view'
  | 'materialized view'
  | 'index'
  | 'constraint'
  | 'trigger'
  | 'large object';

/** What the statements of a dump make and fill. */
export interface Dumped {
  readonly tables: readonly DumpedTable[];
  /** How many of each; kinds that are not there are left out. */
  readonly objects: ReadonlyMap<ObjectKind, number>;
  /** `schema.name` of what can be told apart: sequences, views, schemas, extensions. */
  readonly names: ReadonlyMap<ObjectKind, ReadonlySet<string>>;
  /** Rows, not of every table perhaps, are INSERT statements. */
  readonly inserts: boolean;
}

const OBJECTS: readonly (readonly [RegExp, ObjectKind, number?])[] = [
  [/^create (?:or replace )?(?:temp(?:orary)? )?(?:recursive )?view\b/, 'view'],
  [/^create materialized view\b/, 'materialized view', 3],
  [/^create (?:unlogged )?sequence\b/, 'sequence'],
  [/^create (?:unique )?index\b/, 'index'],
  [/^create (?:or replace )?(?:constraint )?trigger\b/, 'trigger'],
  [/^create (?:or replace )?(?:function|procedure|aggregate)\b/, 'function'],
  [/^create (?:type|domain)\b/, 'type'],
  [/^create schema\b/, 'schema'],
  [/^create extension\b/, 'extension'],
];
const TABLE = /^create (?:(?:global|local) )?(?:(?:temp|temporary|unlogged|foreign) )?table\b/;
const EXISTS = /^if not exists\b/;

interface Row {
  schema: string;
  name: string;
  defined: boolean;
  plain: boolean;
  rows: number | null | undefined;
  copyBytes: number | null;
  throughRoot?: true;
}

/** Counts what statements make; names without a schema are of the search_path that was set. */
export class Tally {
  path = 'public';
  readonly #tables = new Map<string, Row>();
  readonly #objects = new Map<ObjectKind, number>();
  readonly #names = new Map<ObjectKind, Set<string>>();
  readonly #parents = new Map<string, string>();
  #copy: Row | undefined;
  #inserts = false;

  statement(statement: Statement): void {
    const verb = statement.tokens[0];
    if (verb?.kind !== 'word') return;
    if (verb.text === 'create') this.#created(statement);
    else if (verb.text === 'insert') this.#inserted(statement);
    else if (verb.text === 'alter') {
      if (statement.constraint && statement.head(2) === 'alter table') this.#count('constraint');
      this.#attached(statement);
    } else if (verb.text === 'select' && statement.head(4) === 'select pg_catalog ? lo_create')
      this.#count('large object');
  }

  copy({ schema = this.path, name }: { schema: string | undefined; name: string }): void {
    this.#copy = this.#table(schema, name);
    this.#copy.rows ??= 0;
    this.#copy.copyBytes ??= 0;
  }

  data(rows: number, bytes: number): void {
    if (this.#copy === undefined) return;
    if (this.#copy.rows != null) this.#copy.rows += rows;
    this.#copy.copyBytes = (this.#copy.copyBytes ?? 0) + bytes;
  }

  /** The table whose rows are read. */
  get copying(): { schema: string; name: string } | undefined {
    return this.#copy;
  }

  end(): Dumped {
    for (const [key, row] of this.#tables)
      if (row.rows === undefined && this.#throughRoot(key))
        Object.assign(row, { rows: null, throughRoot: true });
    return {
      tables: [...this.#tables.values()],
      objects: this.#objects,
      names: this.#names,
      inserts: this.#inserts,
    };
  }

  /** `ALTER TABLE ONLY root ATTACH PARTITION table`. */
  #attached({ tokens }: Statement): void {
    const above = nameAt(tokens, tokens[2]?.text === 'only' && tokens[2].kind === 'word' ? 3 : 2);
    if (above === undefined || tokens[above.next]?.text !== 'attach') return;
    const below = nameAt(tokens, above.next + 2);
    if (below === undefined) return;
    this.#parents.set(
      tableKey(below.schema ?? this.path, below.name),
      tableKey(above.schema ?? this.path, above.name),
    );
  }

  /** Rows of what it is a partition of are there: --load-via-partition-root, or hashes of an enum. */
  #throughRoot(key: string): boolean {
    const seen = new Set<string>();
    for (let at = this.#parents.get(key); at !== undefined && !seen.has(at); at = this.#parents.get(at)) {
      if (this.#tables.get(at)?.rows !== undefined) return true;
      seen.add(at);
    }
    return false;
  }

  #created(statement: Statement): void {
    const head = statement.head(6);
    const table = TABLE.exec(head)?.[0];
    if (table !== undefined) {
      const found = this.#nameAfter(statement, table);
      if (found === undefined) return;
      const row = this.#table(found.schema, found.name);
      row.defined = true;
      row.plain = !statement.partitioned && !head.startsWith('create foreign');
      return;
    }
    for (const [pattern, kind] of OBJECTS) {
      const words = pattern.exec(head)?.[0];
      if (words === undefined) continue;
      this.#count(kind);
      const found = this.#nameAfter(statement, words);
      if (found === undefined) return;
      const bare = kind === 'schema' || kind === 'extension';
      const names = this.#names.get(kind) ?? new Set();
      this.#names.set(kind, names);
      names.add(bare ? found.name : `${found.schema}.${found.name}`);
      return;
    }
  }

  #nameAfter(statement: Statement, words: string): { schema: string; name: string } | undefined {
    let at = words.split(' ').length;
    const rest = statement.tokens.slice(at, at + 3).map(({ text }) => text);
    if (EXISTS.test(rest.join(' '))) at += 3;
    const found = nameAt(statement.tokens, at);
    return found && { schema: found.schema ?? this.path, name: found.name };
  }

  #inserted(statement: Statement): void {
    this.#inserts = true;
    const found = this.#nameAfter(statement, 'insert into');
    if (found === undefined) return;
    const row = this.#table(found.schema, found.name);
    if (row.rows === undefined) row.rows = 0;
    row.rows = row.rows === null || statement.rows === null ? null : row.rows + statement.rows;
  }

  #count(kind: ObjectKind): void {
    this.#objects.set(kind, (this.#objects.get(kind) ?? 0) + 1);
  }

  #table(schema: string, name: string): Row {
    const key = tableKey(schema, name);
    let row = this.#tables.get(key);
    if (row === undefined) {
      row = { schema, name, defined: false, plain: true, rows: undefined, copyBytes: null };
      this.#tables.set(key, row);
    }
    return row;
  }
}
