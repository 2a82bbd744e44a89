import { ENTER, ESC, fresh, shows, type TakePicture, WINDOW } from './screen.ts';
import type { Terminal, Wanted } from './terminal.ts';

const HOLDER = /analyst@shop holds? back VACUUM/;
const DUE = /audit_log has/;
/** Now: an alert that is over stays told for a while. */
const WAITING = /waiting for locks|^(?!.*Over, if it stays so).*waits? for (a lock|the end)/m;

const lacks =
  (...patterns: readonly RegExp[]): Wanted =>
  (lines) =>
    !patterns.some((pattern) => shows(pattern)(lines));

/** What is wrong with the server, two findings of it fixed, and what that does to the score. */
export async function health(terminal: Terminal, picture: TakePicture): Promise<void> {
  // high enough for what is found as information too
  await terminal.resize({ ...WINDOW, rows: 50 });
  terminal.type('9');
  const found = fresh(/SEVERITY/, HOLDER, DUE, /products_sku_idx/, /on \S+ was not/);
  const calm = lacks(WAITING);
  let before = 100;
  await picture(
    'health',
    'what is due, who holds the horizon, which indexes are too many',
    (lines) => {
      if (!found(lines) || !calm(lines)) return false;
      before = scoreIn(lines);
      return true;
    },
    240,
  );
  terminal.type(`/back VACUUM${ENTER}`);
  await terminal.until('that finding', shows(/filter: back/, /^▶ !\S+ .*back VACUUM/m));
  terminal.type(ENTER);
  await picture(
    'health-detail',
    'evidence and fix',
    shows(/: xmin_horizon:analyst@shop/, /notebook/, /Enter opens it, filled in/),
  );
  await fix(terminal, /Sessions +\d+/);
  terminal.type(`/"audit_log has"${ENTER}`);
  await terminal.until('what is due', shows(/filter: "audit_log has"/, /^▶ !\S+ .*audit_log has/m));
  terminal.type(ENTER);
  await terminal.until('its details', shows(/: vacuum_due:audit_log/));
  await fix(terminal, /Tables +public\.audit_log/);
  const cleared = fresh(/SEVERITY/);
  const rid = lacks(HOLDER, DUE, /filter:/);
  await picture(
    'health-cleared',
    'a score that has risen',
    (lines) => cleared(lines) && rid(lines) && calm(lines) && scoreIn(lines) > before,
    240,
  );
  await terminal.resize(WINDOW);
}

/** From the details of a finding through the wizard that its fix opens, back to the list without it. */
async function fix(terminal: Terminal, filledIn: RegExp): Promise<void> {
  terminal.type(ENTER);
  await terminal.until('the form, filled in', shows(/FORM/, filledIn));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /Enter asks/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await terminal.until('its end', shows(/RESULT/, /DONE {2,}/));
  terminal.type(ENTER);
  await terminal.until('the finding is gone', shows(/None of \d+ findings matches/));
  terminal.type(ESC);
  // a key right behind it would count as one with Alt
  await terminal.until('the whole list', lacks(/filter:/));
}

function scoreIn(lines: readonly string[]): number {
  return Number(/ health (\d+)/.exec(lines.join('\n'))?.[1] ?? Number.NaN);
}
