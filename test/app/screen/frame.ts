import stringWidth from 'string-width';
import { expect } from 'vitest';
import { overlayLines } from '../../../src/app/overlay.ts';
import { footerLine } from '../../../src/app/screen/footer.ts';
import { headerLines, tabsLine } from '../../../src/app/screen/header.ts';
import { layoutOf } from '../../../src/app/screen/layout.ts';
import { sparklineLines } from '../../../src/app/screen/sparklines.ts';
import { paneLines } from '../../../src/app/screen/table.ts';
import { type Line, lineText } from '../../../src/text/line.ts';
import type { Stage } from '../stage.ts';

/** All lines of the screen as the front end places them, and the size that each must have. */
function blocks(stage: Stage): { what: string; lines: readonly Line[]; columns: number; rows: number }[] {
  const { deck } = stage;
  const { columns, rows } = deck.state.size;
  const { header, tabs, sparklines, panes, body } = layoutOf(deck.state);
  const over = overlayLines(deck, { columns, rows: body });
  const middle = over
    ? [{ what: 'overlay', lines: over, columns, rows: body }]
    : [
        {
          what: 'sparklines',
          lines: sparklineLines(deck, columns, sparklines).slice(0, sparklines),
          columns,
          rows: sparklines,
        },
        ...panes.flat().map((box) => ({
          what: box.view as string,
          lines: paneLines(deck, box),
          columns: box.width,
          rows: box.height,
        })),
      ];
  expect(header + tabs + body + 1).toBe(rows);
  for (const group of panes)
    expect(group.reduce((sum, box) => sum + box.width, group.length - 1)).toBe(columns);
  expect(panes.reduce((sum, group) => sum + (group[0]?.height ?? 0), sparklines)).toBe(body);
  return [
    { what: 'header', lines: headerLines(deck, columns, header), columns, rows: header },
    ...(tabs > 0 ? [{ what: 'tabs', lines: [tabsLine(deck, columns)], columns, rows: 1 }] : []),
    ...middle,
    { what: 'footer', lines: [footerLine(deck, columns)], columns, rows: 1 },
  ];
}

/** What frames, marks and bars are made of elsewhere. Server text may hold anything else: others' statements too. */
const DRAWN = /[\u2190-\u21ff\u2500-\u25ff…✓✗]/u;

/** That every line has exactly its size, and nothing in it that a terminal would act on. */
export function check(stage: Stage, where: string): void {
  for (const { what, lines, columns, rows } of blocks(stage)) {
    expect(lines.length, `lines of ${what} ${where}`).toBe(rows);
    for (const line of lines) {
      const text = lineText(line);
      expect(stringWidth(text), `${what} ${where}: ${JSON.stringify(text)}`).toBe(columns);
      expect(text, `${what} ${where}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      if (stage.deck.ascii) expect(text, `${what} ${where}`).not.toMatch(DRAWN);
    }
  }
}

/** Everything that is on the screen. */
export const text = (stage: Stage) =>
  blocks(stage)
    .flatMap(({ lines }) => lines.map(lineText))
    .join('\n');
