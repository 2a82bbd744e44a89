import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTER, ESC, shows, TAB, type TakePicture } from './screen.ts';
import { damage, type Server, serverOf } from './server.ts';
import type { Terminal } from './terminal.ts';

const PANES = shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/);
/** An index whose order is not that of its operator any more, as after an upgrade of the system's collations. */
const DISORDER = `CREATE EXTENSION IF NOT EXISTS amcheck;
CREATE FUNCTION collated(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT bttextcmp($1, $2) $$;
CREATE OPERATOR CLASS collated_ops FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
  OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 collated(text, text);
CREATE INDEX customers_city_idx ON customers (city collated_ops);
CREATE OR REPLACE FUNCTION collated(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$ SELECT bttextcmp(reverse($1), reverse($2)) $$`;

/** What keeps a server in order: old rows cleaned up, what fills the disk, settings, and damage that is found. */
export async function upkeep(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', PANES);
  const server = serverOf(terminal.text);
  await cleanup(terminal, picture, home);
  terminal.type(':space');
  await terminal.until('its entry', shows(/▶ Space/));
  terminal.type(ENTER);
  await picture('space', 'what takes room', shows(/WHAT HELPS/, /pg_wal/, /table +/), 90);
  await settings(terminal, picture);
  await check(terminal, picture, server);
  terminal.type('1');
  await terminal.until('the panes again', PANES);
}

async function cleanup(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  const archive = join(home, 'archive');
  mkdirSync(archive);
  terminal.type('4');
  await terminal.until('the tables', shows(/TABLE .*TOTAL/, /audit_log/));
  terminal.type(`/audit_log${ENTER}`);
  await terminal.until('one of them', shows(/[▶*] *audit_log/));
  terminal.type('d');
  await terminal.until('the form with it', shows(/FORM/, /Table +public\.audit_log/));
  terminal.type(`at${TAB}1d${TAB}${archive}`);
  await terminal.until('the fields', shows(/Column +at/, /Older than +1d/, /Archive +\/\S+archive/));
  terminal.type(ENTER);
  await picture(
    'cleanup-plan',
    'what would go',
    shows(/PLAN/, /Steps \(\d+\)/, /rows of public\.audit_log/),
    90,
  );
  terminal.type(ENTER);
  await terminal.until('the question', shows(/type the .*public\.audit_log/));
  terminal.type('public.audit_log');
  await terminal.until('the name', shows(/Name: +public\.audit_log/));
  terminal.type(ENTER);
  await terminal.until('what went, and where it is', shows(/RESULT/, /archived in/), 120);
  terminal.type(ENTER);
  await terminal.until('the tables', shows(/TABLE .*TOTAL/));
  terminal.type(ESC);
  await terminal.until('all tables', shows(/TABLE .*TOTAL/, /orders_/));
}

async function settings(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type(':settings');
  await terminal.until('its entry', shows(/▶ Settings/));
  terminal.type(ENTER);
  await picture('settings', 'what differs from the default', shows(/shared_buffers/, /Enter details/), 60);
}

async function check(terminal: Terminal, picture: TakePicture, server: Server): Promise<void> {
  damage(server, DISORDER);
  terminal.type(':check --table customers');
  await terminal.until('what is typed', shows(/check --table customers/));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /Enter runs it/), 60);
  terminal.type(ENTER);
  await picture('check-result', 'the damaged index', shows(/RESULT/, /is damaged/, /n opens what helps/), 90);
  terminal.type(ENTER);
}
