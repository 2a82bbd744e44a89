import { join } from 'node:path';
import { ENTER, ESC, type OpenBeside, shows, type TakeFile, type TakePicture } from './screen.ts';
import { connectionOf } from './server.ts';
import type { Terminal } from './terminal.ts';

/** The plan of a statement of the list, and the report. */
export async function statements(
  terminal: Terminal,
  picture: TakePicture,
  beside: OpenBeside,
  home: string,
  takeFile: TakeFile,
): Promise<void> {
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/, /\S+@127\.0\.0\.1:\d+\/\S+/));
  const server = connectionOf(terminal.text);
  terminal.type('6');
  await terminal.until('the statements', shows(/LOAD 60s/, /SELECT to_char|WITH due|FROM orders/), 90);
  terminal.type(`/JOIN products${ENTER}`);
  await terminal.until('one of them', shows(/▶ .* JOIN prod/));
  terminal.type('e');
  await picture('explain', 'its plan', shows(/EXPLAIN of the statement/, /COST +ROWS +NODE/, /-> /), 60);
  terminal.type(`${ESC}${ESC}`);
  const file = join(home, 'report.html');
  const other = await beside([...server, 'report', '--format', 'html', '--out', file], 12);
  await other.until('the report', shows(/report\.html is written/), 90);
  await takeFile('report', file, '#statements_io', { width: 1200, height: 1000 });
  // where those that come next begin
  terminal.type('1');
  await terminal.until('the panes', shows(/Cache ratio/));
}
