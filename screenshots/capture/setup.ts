import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ENTER, shows, type TakePicture } from './screen.ts';
import type { Terminal } from './terminal.ts';

const PANES = shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/);

/** A project as somebody has it in a directory. */
const PROJECT: Readonly<Record<string, string>> = {
  'pgdeck.setup.json': JSON.stringify({
    database: { name: 'billing', owner: 'billing_owner' },
    roles: [
      { name: 'billing_owner', no_login: true },
      { name: 'billing_reports', no_login: true, as: 'read-only' },
    ],
    sql: ['db/schema.sql'],
    migrations: { dir: 'db/migrations' },
  }),
  'db/schema.sql': 'CREATE TABLE invoices (id bigint PRIMARY KEY, total numeric NOT NULL);\n',
  'db/migrations/0001_payments.sql':
    '-- migrate:up\nCREATE TABLE payments (id bigint PRIMARY KEY, paid numeric NOT NULL);\n-- migrate:down\nDROP TABLE payments;\n',
};

/** The database of a project from nothing: the plan, and what was made. The project is put into the demo's directory. */
export async function setup(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  for (const [path, content] of Object.entries(PROJECT)) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  terminal.type('1');
  await terminal.until('the panes', PANES);
  terminal.type(':db setup');
  await terminal.until('its entry', shows(/▶ Set up the database/));
  terminal.type(ENTER);
  await terminal.until('the form', shows(/FORM/, /pgdeck\.setup\.json/));
  terminal.type(ENTER);
  await picture('setup-plan', 'what is made', shows(/PLAN/, /Checks/, /Steps \(\d+\)/), 60);
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await picture('setup-result', 'the report', shows(/RESULT/, /DONE {2,}/, /The set-up of/), 120);
  terminal.type(ENTER);
  await terminal.until('the panes again', PANES);
}
