import { expect, test } from 'vitest';
import { ACTIONS } from '../../../../src/app/actions/registry.ts';
import { outputLine, toldLines } from '../../../../src/app/wizard/lines/run.ts';
import { lineText } from '../../../../src/text/line.ts';

test('what a step tells of a good end is not told as a failure', () => {
  const lines = toldLines(
    { actions: ACTIONS, ascii: false },
    [
      { title: 'Delete', state: 'done', text: '9 rows of t are deleted.' },
      { title: 'Vacuum', state: 'failed', text: 'It is locked.' },
    ],
    80,
    'done.',
    undefined,
  );
  expect(lines.map((line) => [lineText(line).trim(), line[0]?.tone])).toEqual([
    ['Delete: 9 rows of t are deleted.', undefined],
    ['Vacuum: It is locked.', 'alert'],
  ]);
});

test('of the output only what was said on stderr stands out: what is bold is a heading', () => {
  const tones = (['stdout', 'note', 'stderr'] as const).map(
    (from) => outputLine({ text: 'x', from })[0]?.tone,
  );
  expect(tones).toEqual([undefined, undefined, 'warn']);
});
