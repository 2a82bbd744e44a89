import { afterAll, beforeAll, expect, test } from 'vitest';
import { helpReading } from '../../../../src/app/screen/help.ts';
import { lineText, lineWidth } from '../../../../src/text/line.ts';
import { Stage } from '../../../app/stage.ts';
import { serverTarget } from '../../../support/cluster.ts';

let stages: readonly Stage[] = [];
beforeAll(() => {
  stages = [false, true].map((readOnly) => new Stage(serverTarget(), { readOnly }));
});
afterAll(() => Promise.all(stages.map((stage) => stage.stop())));

test.each([80, 100, 120, 200])('no text of the help is cut in %i columns', (columns) => {
  for (const { deck } of stages) {
    const { title, lines } = helpReading(deck, columns);
    for (const line of [title, ...lines]) {
      expect(lineWidth(line), lineText(line)).toBeLessThanOrEqual(columns);
      expect(lineText(line)).not.toContain('…');
    }
  }
});

test('what goes on in another line is whole', () => {
  for (const { deck } of stages) {
    const told = helpReading(deck, 80).lines.map(lineText).join('\n').replace(/\s+/g, ' ');
    for (const { title, keys } of deck.actions) if (keys.length > 0) expect(told).toContain(title);
  }
});
