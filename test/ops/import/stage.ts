import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '../../support/program.ts';

/** A file of SQLite with what a script makes. */
export function sqliteFile(sql: string, path = join(temporaryDirectory(), 'app.db')): string {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
}
