import { expect, test } from 'vitest';
import { ACTIONS } from '../../../../src/app/actions/registry.ts';
import { CONTEXTS } from '../../../../src/app/core/action.ts';
import { readingLines } from '../../../../src/app/screen/reading.ts';
import { type Line, lineText, span } from '../../../../src/text/line.ts';

const deck = { actions: ACTIONS, ascii: false, scopes: CONTEXTS.reader };
const lines = Array.from({ length: 30 }, (_, i): Line => [span(`line ${i + 1}`)]);

function title(scroll: number, rows: number): string {
  const reading = { title: [span(' Details')], lines };
  const [first = []] = readingLines(deck, reading, scroll, { columns: 60, rows });
  return lineText(first).trimEnd();
}

test('what is longer than the screen says where it stands, and which key shows the rest', () => {
  expect(title(0, 11)).toBe(' Details  1-10 of 30, PgDn');
  expect(title(99, 11)).toBe(' Details  21-30 of 30, PgUp');
  expect(title(0, 40)).toBe(' Details');
});
