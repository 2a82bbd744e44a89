import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTER, ESC, shows, TAB, type TakePicture } from './screen.ts';
import type { Terminal, Wanted } from './terminal.ts';

/** Of a form that opens anew every few seconds. */
const TRIES = 40;
const OVERVIEW = shows(/Cache ratio/);

/** Tables that are due, a bloated index, and ten migrations of which one has a mistake; the files are put below home. */
export async function maintenance(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  await vacuum(terminal, picture);
  await reindex(terminal, picture);
  await migrate(terminal, picture, home);
}

async function vacuum(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('8');
  await terminal.until('a screen without tables', shows(/^[▶ ] Operations/m));
  await untilDue(terminal);
  // nothing, then the third field: only what is due
  terminal.type(`${TAB}${TAB} `);
  await terminal.until('the choice', shows(/Only what is due +\[x\]/));
  terminal.type(ENTER);
  await picture(
    'vacuum-plan',
    'the tables that are due',
    shows(/PLAN/, /due: \S+ dead rows/, /│ public\.\S+ +│/),
    90,
  );
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await terminal.until('before and after', shows(/RESULT/, /Vacuumed/, /│ size before/), 120);
  terminal.type(ENTER);
}

/** Opens the form until a table is due: autovacuum may have been there a moment ago. */
async function untilDue(terminal: Terminal): Promise<void> {
  for (let tries = 1; ; tries++) {
    terminal.type('v');
    await terminal.until('the tables, the most urgent first', shows(/FORM/, /dead rows/));
    try {
      return await terminal.until('a table that is due', shows(/due: \S+ dead rows/), 3);
    } catch (error) {
      if (tries === TRIES) throw error;
      terminal.type(ESC);
      await terminal.until('the screen behind the form', shows(/^[▶ ] Operations/m));
    }
  }
}

async function reindex(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('5');
  await terminal.until('the indexes', shows(/INDEX .*FINDING/, /audit_log_detail_idx/));
  terminal.type(`/audit_log_detail_idx${ENTER}`);
  await terminal.until('one of them', shows(/[▶*] *audit_log_detail_idx/));
  terminal.type(' v');
  await terminal.until('the form with it', shows(/FORM/, /Indexes +public\.audit_log_detail_idx/));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /REINDEX|concurrently/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  const sizes = shows(/RESULT/, /Indexes before and after/, /│ public\.audit_log_detail_idx/);
  const calm: Wanted = (lines) => sizes(lines) && !lines.some((line) => /waiting for locks|^!!/.test(line));
  await picture('reindex-result', 'its sizes', calm, 120);
  terminal.type(ENTER);
  await terminal.until('the list', shows(/INDEX .*FINDING/));
}

async function migrate(terminal: Terminal, picture: TakePicture, home: string): Promise<void> {
  const directory = join(home, 'db', 'migrations');
  writeMigrations(directory);
  terminal.type('1');
  await terminal.until('the panes', OVERVIEW);
  terminal.type('m');
  await terminal.until('the form', shows(/FORM/));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /10 files of dbmate/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await picture(
    'migrate-failed',
    'the mistake, and what was rolled back',
    shows(/FAILED {2,}/, /kategory/),
    120,
  );
  terminal.type(ENTER);
  await terminal.until('the panes again', OVERVIEW);
  writeFileSync(
    join(directory, MISTAKEN),
    text('ALTER TABLE coupons ADD COLUMN category text', 'ALTER TABLE coupons DROP COLUMN category'),
  );
  terminal.type('m');
  await terminal.until('the form', shows(/FORM/));
  terminal.type(ENTER);
  await picture('migrate-plan', 'what is left', shows(/PLAN/, /Apply 4 migrations/, /Steps/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await terminal.until('all applied', shows(/DONE {2,}/, /as planned/), 120);
  terminal.type(ENTER);
  await terminal.until('the panes again', OVERVIEW);
  rmSync(directory, { recursive: true });
}

const MISTAKEN = '20260107090000_coupon_category.sql';

const text = (up: string, down: string, option = '') =>
  `-- migrate:up${option}\n${up};\n\n-- migrate:down${option}\n${down};\n`;

/** As dbmate writes them. */
function writeMigrations(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of Object.entries(MIGRATIONS)) writeFileSync(join(directory, name), content);
}

const MIGRATIONS: Readonly<Record<string, string>> = {
  '20260101090000_customer_birthday.sql': text(
    'ALTER TABLE customers ADD COLUMN birthday date',
    'ALTER TABLE customers DROP COLUMN birthday',
  ),
  '20260102090000_coupons.sql': text(
    'CREATE TABLE coupons (code text PRIMARY KEY, percent numeric(5, 2) NOT NULL CHECK (percent > 0))',
    'DROP TABLE coupons',
  ),
  '20260103090000_order_notes.sql': text(
    'CREATE TABLE order_notes (order_id bigint NOT NULL, note text NOT NULL)',
    'DROP TABLE order_notes',
  ),
  '20260104090000_order_notes_order_id.sql': text(
    'CREATE INDEX CONCURRENTLY order_notes_order_id_idx ON order_notes (order_id)',
    'DROP INDEX CONCURRENTLY order_notes_order_id_idx',
    ' transaction:false',
  ),
  '20260105090000_coupon_active.sql': text(
    'ALTER TABLE coupons ADD COLUMN active boolean NOT NULL DEFAULT true',
    'ALTER TABLE coupons DROP COLUMN active',
  ),
  '20260106090000_discounted.sql': text(
    'CREATE FUNCTION discounted(total numeric, percent numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT total * (1 - percent / 100); $$',
    'DROP FUNCTION discounted(numeric, numeric)',
  ),
  [MISTAKEN]: text(
    "ALTER TABLE coupons ADD COLUMN category text;\nUPDATE coupons SET kategory = 'general'",
    'ALTER TABLE coupons DROP COLUMN category',
  ),
  '20260108090000_delivery_status.sql': text(
    "CREATE TYPE delivery_status AS ENUM ('waiting', 'sent')",
    'DROP TYPE delivery_status',
  ),
  '20260109090000_deliveries.sql': text(
    "CREATE TABLE deliveries (order_id bigint PRIMARY KEY, status delivery_status NOT NULL DEFAULT 'waiting')",
    'DROP TABLE deliveries',
  ),
  '20260110090000_deliveries_waiting.sql': text(
    "CREATE VIEW deliveries_waiting AS SELECT order_id FROM deliveries WHERE status = 'waiting'",
    'DROP VIEW deliveries_waiting',
  ),
};
