import stringWidth from 'string-width';
import { expect } from 'vitest';
import { frameOf, shapeOf } from '../../../src/app/frame.ts';
import { type Line, lineText } from '../../../src/text/line.ts';
import type { Stage } from '../stage.ts';

/** All lines of the screen as the front end places them, and the size that each must have. */
function blocks(stage: Stage): { what: string; lines: readonly Line[]; columns: number; rows: number }[] {
  const { deck } = stage;
  const { columns, rows } = deck.state.size;
  const bands = frameOf(shapeOf(deck));
  expect(bands.reduce((sum, { height }) => sum + height, 0)).toBe(rows);
  return bands.flatMap(({ height, content }) => {
    if (typeof content === 'string') return [];
    // one column lies between two regions
    expect(content.reduce((sum, { width }) => sum + width, content.length - 1)).toBe(columns);
    return content.map(({ id, width, lines }) => ({
      ...{ what: id, lines: lines(deck) },
      ...{ columns: width, rows: height },
    }));
  });
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

/** Every line that is on the screen. */
export const linesOf = (stage: Stage): Line[] => blocks(stage).flatMap(({ lines }) => [...lines]);

/** Everything that is on the screen. */
export const text = (stage: Stage) => linesOf(stage).map(lineText).join('\n');
