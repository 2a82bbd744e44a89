import type { Deck } from '../app/core/deck.ts';
import { MINIMUM } from '../app/keymap.ts';
import { footerLine } from '../app/screen/footer.ts';
import { headerLines, tabsLine } from '../app/screen/header.ts';
import { layoutOf } from '../app/screen/layout.ts';
import { sparklineLines } from '../app/screen/sparklines.ts';
import { paneLines } from '../app/screen/table.ts';
import type { Line } from '../text/line.ts';
import type { Paint } from './theme.ts';

/**
 * The screen as it is at start, cell for cell what Ink draws of the same state: loading Ink takes longer than all else
 * before the first frame. Empty where the terminal is too small for a screen.
 */
export function firstFrame(deck: Deck, paint: Paint): string {
  const { columns, rows } = deck.state.size;
  if (columns < MINIMUM.columns || rows < MINIMUM.rows) return '';
  const { header, tabs, sparklines, panes } = layoutOf(deck.state);
  let frame = '';
  const place = (row: number, column: number, lines: readonly Line[]) => {
    lines.forEach((line, i) => {
      frame += `\u001b[${row + i + 1};${column + 1}H${paint(line)}`;
    });
  };
  place(0, 0, headerLines(deck, columns, header));
  if (tabs > 0) place(header, 0, [tabsLine(deck, columns)]);
  let row = header + tabs;
  if (sparklines > 0) place(row, 0, sparklineLines(deck, columns, sparklines));
  row += sparklines;
  for (const group of panes) {
    let column = 0;
    for (const box of group) {
      place(row, column, paneLines(deck, box));
      // one column lies between two panes
      column += box.width + 1;
    }
    row += group[0]?.height ?? 0;
  }
  place(rows - 1, 0, [footerLine(deck, columns)]);
  return frame;
}
