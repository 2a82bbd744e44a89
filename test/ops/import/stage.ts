import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { contextIn, inDatabase } from '../restore/stage.ts';

/** A file of SQLite with what a script makes; as in SQLite's own shell, keys are not looked at. */
export function sqliteFile(sql: string, path = join(temporaryDirectory(), 'app.db')): string {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(sql);
  database.close();
  return path;
}

/** A database that is empty for each test of a file, and a directory for its reports; gone with the file. */
export function destination() {
  const home = temporaryDirectory();
  let db: TestDatabase;
  let nr = 0;
  const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.drop());
  afterEach(() => sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS app CASCADE'));
  return {
    home,
    sql,
    /** The values of each row. */
    rows: async (text: string) => (await sql(text)).map(Object.values),
    target: () => db.target(),
    here: (): OpContext => contextIn(db.target(), home),
    /** Where the report of the next run is put; and of the last one. */
    report: () => join(home, `report-${++nr}`),
    reported: () => join(home, `report-${nr}`),
  };
}
