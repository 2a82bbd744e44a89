import { DOWN, ENTER, ESC, fresh, shows, type TakePicture, UP, WINDOW } from './screen.ts';
import type { Terminal } from './terminal.ts';

/** Rows that are looked for: by a filter with fields, and by the column that they are sorted by. */
export async function finding(terminal: Terminal, picture: TakePicture): Promise<void> {
  await terminal.resize({ ...WINDOW, rows: 24 });
  terminal.type('2');
  await terminal.until('the sessions', shows(/APPLICAT/, /active: Lock/), 90);
  terminal.type('/user:shop_app wait:lock age>1s');
  await picture('filter', 'the rows that meet it', fresh(/age>1s\s*$/m, /(active: Lock[\s\S]*){3}/), 150);
  terminal.type(ESC);
  await terminal.until('all of them', (lines) => !shows(/age>1s/)(lines));
  terminal.type('4');
  await terminal.until('the tables', shows(/TABLE .*TOTAL/, /audit_log/));
  terminal.type('s');
  await terminal.until('the columns', shows(/Sort/));
  for (const column of ['DATA', 'INDEXES', 'ROWS', 'DEAD']) {
    terminal.type(DOWN);
    await terminal.until('the next', shows(new RegExp(`▶ +${column}`)));
  }
  await picture('sort', 'the columns to sort by', shows(/▶ +DEAD/), 30);
  terminal.type(ESC);
  await terminal.until('the tables again', shows(/TABLE .*TOTAL/, /Enter details/));
  await terminal.resize(WINDOW);
}

/** What sessions take of the machine, the busiest first. */
export async function processes(terminal: Terminal, picture: TakePicture): Promise<void> {
  await terminal.resize({ cols: 160, rows: 24 });
  terminal.type('2');
  await terminal.until('the sessions', shows(/CPU +MEM +READ/, /active: Lock/), 90);
  await sortBy(terminal, DOWN, ['XACT', 'CPU']);
  await picture('processes', 'what they take', fresh(/CPU▼/, / [1-9]\d*% +\d/), 60);
  await sortBy(terminal, UP, ['XACT', 'AGE']);
  await terminal.resize(WINDOW);
}

/** From the column that holds to another one, by the columns on the way. */
async function sortBy(terminal: Terminal, key: string, way: readonly string[]): Promise<void> {
  terminal.type('s');
  await terminal.until('the columns', shows(/Sort/));
  for (const column of way) {
    terminal.type(key);
    await terminal.until('the next', shows(new RegExp(`▶ +${column}`)));
  }
  terminal.type(ENTER);
  await terminal.until('the order', shows(new RegExp(`${way.at(-1)}▼`)));
}

/** What pgdeck has sent so far, with the whole of one. */
export async function log(terminal: Terminal, picture: TakePicture): Promise<void> {
  terminal.type('L');
  await terminal.until('the messages', shows(/^ Messages/m));
  terminal.type('L');
  await terminal.until('the commands', shows(/^ Sent/m, /▶/));
  // the six after the mistake are the newest
  for (let rows = 6; rows > 0; rows--) terminal.type(DOWN);
  await picture('log', 'what was sent', shows(/^▶ .*failed/m, /SET kategory/), 30);
  terminal.type(ESC);
  // a key right behind it would count as one with Alt
  await terminal.until('the panes again', shows(/Cache ratio/));
}
