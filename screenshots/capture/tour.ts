import { PALETTES } from '../../test/ui/palettes.ts';
import { application } from './application.ts';
import { copies } from './copies.ts';
import { finding, log, processes } from './finding.ts';
import { fleet } from './fleet.ts';
import { health } from './health.ts';
import { themeFrom } from './look.ts';
import { maintenance } from './maintenance.ts';
import { routine } from './routine.ts';
import { schema } from './schema.ts';
import {
  ENTER,
  ESC,
  fresh,
  type OpenBeside,
  shows,
  type TakeFile,
  type TakePicture,
  WINDOW,
} from './screen.ts';
import { setup } from './setup.ts';
import { sqlite } from './sqlite.ts';
import { statements } from './statements.ts';
import type { Terminal, Wanted } from './terminal.ts';
import { upkeep } from './upkeep.ts';

/** The console's own sessions are ended with the others when databases are exchanged. */
const LIVE = / live( \d+(\.\d+)?s)?\s*$/m;
/** A session that waits for one that waits for one that waits. */
const PILE_UP = [/└─\d+/, / {3,}[├└]─\d+/, /│[├└]─\d+| {4}[├└]─\d+/];
/** Somebody has waited long enough for that to be told apart from a passing wait. */
const LONG_WAIT = /[├└]─\d+ .*waits ([5-9]\.\d|\d\d)s/;
/** The history of a measure has grown to a line. */
const HISTORY = /[▁-█]{8}/;

/** As most have it, and with the column at the side. */
const OVERVIEWS = [
  ['overview', { cols: 120, rows: 40 }],
  ['overview-200x50', { cols: 200, rows: 50 }],
] as const;

type Part = (
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  home: string,
  takeFile: TakeFile,
) => Promise<void>;

/** In this order, in which each finds what those before it have left. */
const PARTS: Readonly<Record<string, Part>> = {
  locks,
  health,
  lists,
  overlays,
  finding,
  processes,
  overviews,
  palettes,
  fleet,
  statements,
  backup,
  restore,
  copies,
  application,
  maintenance: (terminal, picture, _beside, home) => maintenance(terminal, picture, home),
  log,
  schema,
  sqlite: (terminal, picture, _beside, home) => sqlite(terminal, picture, home),
  upkeep: (terminal, picture, _beside, home) => upkeep(terminal, picture, home),
  routine,
  setup: (terminal, picture, _beside, home) => setup(terminal, picture, home),
};

/**
 * Walks through the console that was started in `home`; every step waits for what it is to show. `only`: the parts of
 * these names; all of them where there is none.
 */
export async function tour(
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  {
    home,
    only,
    takeFile,
  }: { readonly home: string; readonly only: readonly string[]; readonly takeFile: TakeFile },
): Promise<void> {
  const wrong = only.find((name) => !(name in PARTS));
  if (wrong !== undefined) throw new Error(`There is no part ${wrong}: ${Object.keys(PARTS).join(', ')}.`);
  await terminal.until('the first live frame', shows(/conns \d+\/\d+/), 90);
  for (const [name, take] of Object.entries(PARTS))
    if (only.length === 0 || only.includes(name)) await take(terminal, picture, beside, home, takeFile);
}

async function locks(terminal: Terminal, picture: TakePicture): Promise<void> {
  // the README says how many wait
  await terminal.resize({ ...WINDOW, rows: 24 });
  terminal.type('3');
  await picture('locks', 'a pile-up', fresh(/end \d+ .*frees 6/, ...PILE_UP, LONG_WAIT), 300);
  await terminal.resize(WINDOW);
  terminal.type('gK');
  await picture('terminate', 'the question', shows(/ frees \d/, /\[No\]/));
  terminal.type('y');
  await terminal.until('the outcome', shows(/ ended: \d+ released\./));
  terminal.type(ENTER);
}

async function lists(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('5');
  await picture('indexes', 'indexes with findings', shows(/INDEX .*FINDING/, / invalid/, / unused/));
  terminal.type('6');
  await picture(
    'statements',
    'statements and their load',
    shows(/LOAD 60s/, /\n[ ▶]+\d\S* +\d/, /^(?!.*text not known)▶/m),
  );
}

async function overlays(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/));
  terminal.type('?');
  await picture('help', 'help', shows(/^ Help/m));
  terminal.type(ESC);
  // a key right behind it would count as one with Alt
  await terminal.until('the panes again', shows(/Cache ratio/));
}

/** The same screen on the grounds that people have. */
async function palettes(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('1');
  const burning = fresh(/[5-9] wait on/, /Cache ratio/, ...PILE_UP, LONG_WAIT);
  for (const palette of PALETTES.filter(({ name }) => name.startsWith('Solarized'))) {
    await terminal.paint(themeFrom(palette));
    await picture(palette.name.toLowerCase().replace(' ', '-'), 'a pile-up', burning, 150);
  }
  await terminal.paint();
}

async function overviews(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('1');
  const burning = fresh(/[5-9] wait on/, /Cache ratio/, ...PILE_UP, LONG_WAIT);
  for (const [name, size] of OVERVIEWS) {
    await terminal.resize(size);
    const whole: Wanted = (lines) => lines.length === size.rows && / quit/.test(lines.at(-1) ?? '');
    await picture(name, 'a pile-up', (lines) => burning(lines) && whole(lines) && shows(HISTORY)(lines), 150);
  }
  await terminal.resize(WINDOW);
}

async function backup(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('b');
  await picture('backup-form', 'the form and its choices', shows(/FORM/, /shop +\d+ MB/, /Repository +\//));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /Checks/, /Enter runs it/));
  // the dump would wait as well
  await terminal.until('nobody waits for a lock', (lines) => !shows(/wait(s|ing)? (on|for) /)(lines));
  terminal.type(ENTER);
  await picture('backup-result', 'the backup, verified', shows(/DONE {2,}/, /verified/), 90);
  terminal.type(ENTER);
  await terminal.until('the panes again', shows(/Cache ratio/));
}

async function restore(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('r');
  await terminal.until('the backups there are', shows(/shop_\d+_\d+ +\d{4}-/));
  await terminal.until('the newest of them', shows(/▶ +shop_\d+_\d+ +\d{4}-/));
  terminal.type(ENTER);
  await terminal.until('it is taken', shows(/Backup +shop_\d+_\d+\s*$/m));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /then type the/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/type the database name, shop/));
  terminal.type('shop');
  await picture('restore-confirm', 'the name, typed', shows(/Enter runs it/));
  terminal.type(ENTER);
  await picture('restore-run', 'the load', shows(/▶ Load the backup/), 90);
  await picture('restore-result', 'what was verified', shows(LIVE, /DONE {2,}/, /rows restored/), 90);
  terminal.type('u');
  await terminal.until('the plan of the undo', shows(/PLAN/, /then type the/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/type the database name, shop/));
  terminal.type('shop');
  await terminal.until('the name', shows(/Enter runs it/));
  terminal.type(ENTER);
  await terminal.until('the undo', shows(LIVE, /DONE {2,}/, /closed to clients/));
  terminal.type(`${ENTER}8`);
  await picture(
    'operations',
    'the runs',
    shows(LIVE, /^▶ Operations/m, /undone/, /u undo/, /shop__rolledback_\S+ +rolled back/),
  );
}
