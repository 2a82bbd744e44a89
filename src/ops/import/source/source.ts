import { DatabaseSync } from 'node:sqlite';
import { importErrors } from '../errors.ts';
import { readCatalog, type SourceCatalog } from './catalog.ts';
import { sourceError } from './copy.ts';
import { type Orphans, orphansOf } from './orphans.ts';

/** A copy of a SQLite database, open to read. */
export interface Source {
  readonly database: DatabaseSync;
  readonly catalog: SourceCatalog;
  /** SQLite says that these break a key; it does not forbid it unless told to. */
  readonly orphans: readonly Orphans[];
  close(): void;
}

/** More faults than these are not listed. */
const FAULTS = 5;

/**
 * Opens the copy that {@link copySource} has made, and looks whether every page of it is sound. `file` is what it is a copy
 * of. Throws {@link OpError} for a damaged one.
 */
export function openSource(copy: string, file: string): Source {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(copy, { readOnly: true });
    // what the schema of a file calls must not do more than reckon
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON');
    const faults = database.prepare(`PRAGMA integrity_check(${FAULTS})`).all() as Record<string, unknown>[];
    const said = faults.map((row) => String(row.integrity_check)).filter((text) => text !== 'ok');
    if (said.length > 0)
      throw importErrors.damaged({ file, why: said.join('; ').replace(/\s+/g, ' ').slice(0, 300) });
    const catalog = readCatalog(database);
    const opened = database;
    return { database, catalog, orphans: orphansOf(database), close: () => opened.close() };
  } catch (error) {
    database?.close();
    throw sourceError(error, file);
  }
}
