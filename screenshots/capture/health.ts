import { ENTER, ESC, fresh, shows, type TakePicture } from './screen.ts';
import type { Terminal, Wanted } from './terminal.ts';

const HOLDER = /analyst@shop holds? back VACUUM/;
const WAITING = /waiting for locks|waits? for (a lock|the end)/;

/** A transaction that holds the horizon, found, ended, and what that does to the score. */
export async function health(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('9');
  await picture(
    'health',
    'who holds the horizon, and who suffers',
    fresh(/SEVERITY/, HOLDER, /sessions has/, /health 79/, /products_sku_idx/),
    150,
  );
  terminal.type(`/analyst@shop vacuum${ENTER}`);
  await terminal.until('that finding', shows(/filter: analyst/, /^▶ !\S+ .*back VACUUM/m));
  terminal.type(ENTER);
  await picture(
    'health-detail',
    'evidence and fix',
    shows(/: xmin_horizon:analyst@shop/, /notebook/, /Enter opens it, filled in/),
  );
  terminal.type(ENTER);
  await terminal.until('the form, filled in', shows(/FORM/, /Sessions +\d+/));
  terminal.type(ENTER);
  await terminal.until('the plan', shows(/PLAN/, /Enter asks/));
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await terminal.until('its end', shows(/RESULT/, /DONE {2,}/));
  terminal.type(ENTER);
  await terminal.until('the finding is gone', shows(/None of \d+ findings matches/));
  terminal.type(ESC);
  const risen = fresh(/SEVERITY/, /health (9[89]|100)/);
  const calm: Wanted = (lines) => !shows(WAITING)(lines);
  await picture(
    'health-cleared',
    'a score that has risen',
    (lines) => risen(lines) && calm(lines) && !shows(/filter:/)(lines) && !shows(HOLDER)(lines),
    300,
  );
}
