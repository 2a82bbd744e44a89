import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ENTER, shows, type TakePicture, WINDOW } from './screen.ts';
import type { Terminal } from './terminal.ts';

const FILE = 'app.db';
/** So many that the picture of the run shows it on its way. */
const MEMBERS = 400_000;

/** An application's SQLite database in the demo's directory is brought over in the wizard. */
export async function sqlite(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  makeFile(join(home, FILE));
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/));
  await terminal.resize({ cols: 150, rows: 44 });
  terminal.type(':import sqlite');
  await terminal.until('its entry', shows(/▶ Import a SQLite database/));
  terminal.type(ENTER);
  await terminal.until('the form', shows(/FORM/, /File/));
  terminal.type(FILE);
  await terminal.until('the file', shows(/File +app\.db/));
  terminal.type(ENTER);
  await picture('import-plan', 'what each column becomes', shows(/PLAN/, /Columns/, /then type the/), 120);
  terminal.type(ENTER);
  await terminal.until('the question', shows(/type the database name, shop/));
  terminal.type('shop');
  await terminal.until('the name', shows(/Name: +shop/));
  terminal.type(ENTER);
  await picture('import-run', 'the rows on their way', shows(/ [2-9]\d%/, /rows loaded and compared/), 120);
  await picture('import-result', 'what was compared', shows(/RESULT/, /Compared/), 300);
  terminal.type(ENTER);
  await terminal.until('the panes again', shows(/Cache ratio/));
  await terminal.resize(WINDOW);
}

function makeFile(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE members (id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(24) NOT NULL COLLATE NOCASE UNIQUE,
      active BOOLEAN NOT NULL DEFAULT 1, joined DATETIME DEFAULT CURRENT_TIMESTAMP, profile JSON, balance DECIMAL(10,2));
    CREATE TABLE visits (id INTEGER PRIMARY KEY, member INTEGER REFERENCES members ON DELETE CASCADE, at DATETIME, page TEXT);
    CREATE INDEX visits_at ON visits (at DESC); CREATE INDEX visits_year ON visits (strftime('%Y', at));
    CREATE VIEW active_members AS SELECT * FROM members WHERE active;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MEMBERS / 4})
    INSERT INTO members SELECT i, 'member' || i || CASE WHEN i % 9999 = 0 THEN '@a-longer-host.example.com' ELSE '@example.com' END,
      CASE i % 3 WHEN 0 THEN 'yes' ELSE i % 2 END, CASE i % 2 WHEN 0 THEN 1700000000 + i ELSE datetime(1700000000 + i, 'unixepoch') END,
      json_object('visits', i % 7), i / 100.0 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MEMBERS})
    INSERT INTO visits SELECT i, 1 + i % ${MEMBERS / 4}, 1700000000000 + i, '/page/' || (i % 50) FROM n;`);
  database.close();
}
