import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '../../support/program.ts';

/** A file of SQLite with what a script makes; as in SQLite's own shell, keys are not looked at. */
export function sqliteFile(sql: string, path = join(temporaryDirectory(), 'app.db')): string {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(sql);
  database.close();
  return path;
}
