import { ENTER, type OpenBeside, shows, type TakePicture, WINDOW } from './screen.ts';
import { ADDRESS, connectionOf, damage, serverOf, TRIES } from './server.ts';
import type { Terminal } from './terminal.ts';

const FILE = 'schema.json';
/** What somebody did by hand one night. */
const DAMAGE = [
  'ALTER TABLE customers DROP CONSTRAINT customers_email_key',
  'ALTER TABLE sessions DROP CONSTRAINT sessions_customer_id_fkey',
  'ALTER TABLE products ALTER COLUMN sku DROP NOT NULL',
];

/** What the database lacks of a snapshot, as a command, and mended in the wizard. The file is put into the demo's directory. */
export async function schema(terminal: Terminal, picture: TakePicture, beside: OpenBeside): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/, ADDRESS));
  const server = connectionOf(terminal.text);
  await until(beside, [...server, 'schema', 'snapshot', '--out', FILE, '--force'], /objects in/, 12);
  for (const statement of DAMAGE) damage(serverOf(terminal.text), statement);
  const check = await until(beside, [...server, 'schema', 'check', '--against', FILE], /Next: pgdeck/, 46);
  await picture(
    'schema-check',
    'what is missing',
    shows(/unhealthy: \d critical/, /Next: pgdeck/),
    30,
    check,
  );
  await check.close();
  terminal.type(':schema fix');
  await terminal.until('its entry', shows(/▶ Schema drift/));
  terminal.type(ENTER);
  await terminal.until('the form', shows(/FORM/, /Against/));
  terminal.type(FILE);
  await terminal.until('the file', shows(/Against +schema\.json/));
  terminal.type(ENTER);
  await picture('schema-plan', 'the additions', shows(/PLAN/, /then type the/, /Steps \(\d+\)/), 90);
  terminal.type(ENTER);
  await terminal.until('the question', shows(/type the database name, shop/));
  terminal.type('shop');
  await terminal.until('the name', shows(/Name: +shop/));
  terminal.type(ENTER);
  await picture('schema-result', 'what was added, and what remains', shows(/RESULT/, /What remains/), 120);
  terminal.type(ENTER);
  await terminal.until('the panes again', shows(/Cache ratio/));
  await terminal.resize(WINDOW);
}

/** Runs a command until it prints what is wanted: while somebody holds a lock, it is refused. */
async function until(
  beside: OpenBeside,
  args: readonly string[],
  wanted: RegExp,
  rows: number,
): Promise<Terminal> {
  for (let tries = 1; ; tries++) {
    const terminal = await beside(args, rows);
    try {
      await terminal.until(args.join(' '), shows(wanted), 30);
      return terminal;
    } catch (error) {
      await terminal.close();
      if (tries === TRIES) throw error;
    }
  }
}
