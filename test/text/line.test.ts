import { describe, expect, test } from 'vitest';
import { fitItems, fitLine, type Item, lineText, lineWidth, skipLine, span } from '../../src/text/line.ts';

const line = [span('ab'), span('库存', 'accent'), span('cd')];

test('a line fits exactly, its tones kept', () => {
  for (let cells = 0; cells < 12; cells++) expect(lineWidth(fitLine(line, cells))).toBe(cells);
  expect(fitLine(line, 5)).toEqual([span('ab'), span('库…', 'accent')]);
  expect(lineText(fitLine(line, 5, '~'))).toBe('ab库~');
  expect(lineText(fitLine([], 3))).toBe('   ');
});

test('a line scrolled sideways loses its left cells only', () => {
  for (let cells = 0; cells < 12; cells++)
    expect(lineWidth(skipLine(line, cells))).toBe(Math.max(0, 8 - cells));
  expect(lineText(skipLine(line, 3))).toBe(' 存cd');
});

describe('items of a bar', () => {
  const item = (text: string, priority: number): Item => ({ spans: [span(text)], priority });
  const items = [item('host', 3), item('PROD', 1), item('1s', 6), item('RO', 2)];
  const shown = (cells: number) => lineText(fitItems(items, cells));

  test('leave by importance and keep their order', () => {
    expect(shown(99)).toBe('host  PROD  1s  RO');
    expect(shown(17)).toBe('host  PROD  RO');
    expect(shown(13)).toBe('PROD  RO');
    expect(shown(7)).toBe('PROD');
    // the last one stays: who calls cuts it
    expect(shown(2)).toBe('PROD');
    expect(fitItems([], 10)).toEqual([]);
  });

  test('of equal importance the later one leaves', () => {
    expect(lineText(fitItems([item('a', 1), item('b', 1)], 2))).toBe('a');
  });
});
