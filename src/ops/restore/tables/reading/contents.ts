import type { Host } from '../../../../hosts/host.ts';
import { tableKey } from '../../../archive/roots.ts';
import { Refusal, type RowsHead } from '../../../archive/sql/guard.ts';
import { withOutline } from '../../../archive/staged.ts';
import { unpack } from '../../../archive/unpack.ts';
import type { Clients, Reader } from '../../../programs/programs.ts';
import type { Backup } from '../../../repository/repository.ts';
import { tablesErrors } from '../errors.ts';
import { type Lines, outlineProgram } from '../rows/filter.ts';
import { attachment, type DumpEntry, parseEntries } from './dump-entries.ts';
import { readHeads } from './heads.ts';

/** A table as the backup holds it. */
export interface ContentsTable {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  /** Key of what it is a partition of. */
  readonly parent: string | undefined;
  /**
   * Where its rows are: the line of the table of contents, or the heads of its COPYs, of which a partitioned table may have
   * one for each of its partitions (--load-via-partition-root). Undefined without rows.
   */
  readonly data:
    | { readonly line: string }
    | { readonly heads: readonly RowsHead[]; readonly lines: Lines }
    | undefined;
}

export interface Contents {
  /** Definitions, in the order in which they are restored. */
  readonly entries: readonly DumpEntry[];
  readonly tables: ReadonlyMap<string, ContentsTable>;
}

/** A table of the live database and what it is a partition of: a backup of rows alone does not say. */
export interface KnownTable {
  readonly schema: string;
  readonly name: string;
  readonly partitioned: boolean;
  readonly parent: string | undefined;
}

/**
 * Reads what tables a backup holds, without their rows; `live` tells more about those of a backup without definitions, and
 * `heads` where in its text rows begin, where that was read before.
 * Throws {@link OpError} when it cannot be read.
 */
export async function readContents(
  here: Host,
  clients: Clients,
  backup: Backup,
  live: () => Promise<readonly KnownTable[]>,
  heads?: readonly RowsHead[],
): Promise<Contents> {
  return backup.kind === 'custom' || backup.kind === 'directory'
    ? archiveContents(clients.reader, backup, live)
    : textContents(here, backup, live, heads);
}

async function archiveContents(
  reader: Reader,
  backup: Backup,
  live: () => Promise<readonly KnownTable[]>,
): Promise<Contents> {
  const read = async (path: string, ...args: string[]) => {
    const pieces: Buffer[] = [];
    const { exitCode, stderr } = await reader.host.run(reader.path('pg_restore'), [...args, path], {
      env: { LC_ALL: 'C' },
      onStdout: (piece) => pieces.push(piece),
    });
    if (exitCode !== 0) throw tablesErrors.unreadable({ id: backup.id, stderr });
    return Buffer.concat(pieces);
  };
  // told by their object ids: in the list, names with blanks run into each other
  const [list, text] = await withOutline(reader, { kind: backup.kind, path: backup.archive }, (path) =>
    Promise.all([read(path, '-l'), read(path, '-v', '-s', '-f', '-')]),
  );
  const entries = entriesOf(backup, text);
  const tables = definedTables(entries);
  const known = tables.size === 0 ? await live() : [];
  const byOid = new Map(entries.filter((e) => e.type === 'TABLE').map((e) => [e.oid, keyOf(e)]));
  const manifest = new Map(backup.manifest?.tables.map((t) => [t.oid, tableKey(t.schema, t.name)]));
  for (const [line, oid, rest = ''] of list.toString().matchAll(/^\d+; \d+ (\d+) TABLE DATA (.*)$/gm)) {
    const alike = known.filter(({ schema, name }) => rest.startsWith(`${schema} ${name} `));
    const [only] = alike.length === 1 ? alike : [];
    const key =
      byOid.get(Number(oid)) ?? manifest.get(Number(oid)) ?? (only && tableKey(only.schema, only.name));
    if (key !== undefined) addData(tables, key, { line });
  }
  addParents(tables, known);
  return { entries, tables };
}

async function textContents(
  host: Host,
  backup: Backup,
  live: () => Promise<readonly KnownTable[]>,
  found: readonly RowsHead[] | undefined,
): Promise<Contents> {
  const heads = found ?? (await readHeads(host, backup));
  const lines = heads.map(({ line }) => line);
  const text = await outlineOf(host, backup, lines);
  const entries = entriesOf(backup, text);
  const tables = definedTables(entries);
  const known = tables.size === 0 ? await live() : [];
  for (const head of heads) {
    const key = tableKey(head.schema, head.name);
    const before = tables.get(key)?.data;
    addData(tables, key, { heads: [...(before && 'heads' in before ? before.heads : []), head], lines });
  }
  addParents(tables, known);
  return { entries, tables };
}

function entriesOf(backup: Backup, text: Buffer): DumpEntry[] {
  try {
    return parseEntries(text);
  } catch (error) {
    throw error instanceof Refusal ? tablesErrors.otherText({ id: backup.id, why: error.message }) : error;
  }
}

/** A dump's text without its rows. */
async function outlineOf(host: Host, backup: Backup, lines: Lines): Promise<Buffer> {
  return host.withWorkspace(async (workspace) => {
    const program = await workspace.write('outline.sed', outlineProgram(lines));
    const pieces: Buffer[] = [];
    const { exitCode, stderr } = await host.pipe(
      [...unpack(backup), { command: 'sed', args: ['-n', '-f', program] }],
      { env: { LC_ALL: 'C' }, onStdout: (piece) => pieces.push(piece) },
    );
    if (exitCode !== 0) throw tablesErrors.unreadable({ id: backup.id, stderr });
    return Buffer.concat(pieces);
  });
}

function addData(
  tables: Map<string, ContentsTable>,
  key: string,
  data: NonNullable<ContentsTable['data']>,
): void {
  const [schema = '', name = ''] = key.split('\0');
  const known = tables.get(key) ?? { schema, name, partitioned: false, parent: undefined };
  tables.set(key, { ...known, data });
}

/** Partitioned tables above those that the backup has rows of. */
function addParents(tables: Map<string, ContentsTable>, known: readonly KnownTable[]): void {
  const byKey = new Map(known.map((one) => [tableKey(one.schema, one.name), one]));
  // what is added is looked at in turn
  for (const [key, table] of tables) {
    const parent = byKey.get(key)?.parent;
    if (parent === undefined) continue;
    tables.set(key, { ...table, parent });
    const above = byKey.get(parent);
    if (above !== undefined && !tables.has(parent)) tables.set(parent, { ...above, data: undefined });
  }
}

function definedTables(entries: readonly DumpEntry[]): Map<string, ContentsTable> {
  const parents = new Map<string, string>();
  for (const entry of entries) {
    const found = entry.type === 'TABLE ATTACH' ? attachment(entry) : undefined;
    if (found)
      parents.set(
        tableKey(found.child.schema, found.child.name),
        tableKey(found.parent.schema, found.parent.name),
      );
  }
  return new Map(
    entries
      .filter((entry) => entry.type === 'TABLE')
      .map((entry) => {
        const key = keyOf(entry);
        const partitioned = /^\)\nPARTITION BY /m.test(entry.sql);
        const { name, schema } = entry;
        return [key, { schema: schema ?? '', name, partitioned, parent: parents.get(key), data: undefined }];
      }),
  );
}

function keyOf({ schema, name }: DumpEntry): string {
  return tableKey(schema ?? '', name);
}

/** The leaves below a table of the backup, or itself, with rows. */
export function leavesOf(contents: Contents, key: string): ContentsTable[] {
  const own = contents.tables.get(key);
  if (own === undefined) return [];
  const below = [...contents.tables].filter(([, table]) => table.parent === key);
  return [...(own.data === undefined ? [] : [own]), ...below.flatMap(([child]) => leavesOf(contents, child))];
}
