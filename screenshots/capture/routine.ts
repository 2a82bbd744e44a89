import { ENTER, shows, TAB, type TakePicture } from './screen.ts';
import type { Terminal } from './terminal.ts';

const PANES = shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/);

/** What is done again and again: the plan of a week, its report, and how the routine stands. */
export async function routine(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', PANES);
  terminal.type(':maintain --routine weekly');
  await terminal.until('what is typed', shows(/maintain --routine weekly/));
  terminal.type(ENTER);
  await picture('routine-plan', 'what is due', shows(/PLAN/, /Steps \(\d+\)/, /VACUUM and ANALYZE/), 60);
  terminal.type(ENTER);
  await terminal.until('the question', shows(/\[No\]/));
  terminal.type('y');
  await picture('routine-result', 'the report', shows(/RESULT/, /DONE {2,}/, /The routine/), 180);
  terminal.type(ENTER);
  await terminal.until('the panes again', PANES);
  terminal.type(`8${TAB}${TAB}z`);
  await picture(
    'routine',
    'how it stands',
    shows(/^▶ Routine/m, /The newest backup restores +weekly +\d\d-\d\d/, /WHY/),
    30,
  );
  terminal.type('z');
}
