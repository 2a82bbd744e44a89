import { expect, test } from 'vitest';
import { ACTIONS } from '../../../../src/app/actions/registry.ts';
import { confirmFoot } from '../../../../src/app/wizard/lines/confirm.ts';
import { nextOfRun } from '../../../../src/app/wizard/lines/next.ts';
import type { RunView } from '../../../../src/app/wizard/run-view.ts';
import { cleanup } from '../../../../src/ops/cleanup/operation.ts';
import { lineText } from '../../../../src/text/line.ts';

const keys = { actions: ACTIONS, ascii: false };
const ended = (end: object) => ({ steps: [], end: { status: 'cancelled', ...end } }) as unknown as RunView;

test('after a run that was stopped in its midst it is said how what it has done is undone', () => {
  expect(nextOfRun(keys, ended({ undo: 'pgdeck undo 1' }))).toMatch(
    /^u undoes what was done; r plans it again/,
  );
  expect(nextOfRun(keys, ended({ undo: null }))).toMatch(/^r plans it again/);
});

test('the question names commands as the console takes them, as the plan does', () => {
  const plan = {
    title: 'Clean up t',
    subject: 'public.t',
    danger: 'type-name',
    consequence: 'They are kept, from where pgdeck cleanup restore puts them back.',
  };
  const phase = { step: 'confirm', plan, yes: false, field: { text: '', at: 0 } } as never;
  const deck = { ...keys, resolved: { target: { database: 'shop' } } } as never;
  expect(confirmFoot(deck, phase, 80, cleanup).map(lineText).join('\n')).toContain(
    'from where :cleanup restore',
  );
});
