import { expect, test } from 'vitest';
import { toolText } from '../../../../src/ops/migrate/run/fate.ts';
import type { ToolEnd } from '../../../../src/ops/migrate/types.ts';

const end = (more: Partial<ToolEnd>): ToolEnd => ({ moved: [], touched: true, failed: true, ...more });

test.each<[string, ToolEnd[]]>([
  ['shop was not touched.', []],
  ['shop was not touched.', [end({ touched: false })]],
  [
    'By the history nothing was applied. What the one that failed did outside a transaction is not known: look at the tables that it changes.',
    [end({})],
  ],
  [
    'By the history 1 was applied, and is kept so.',
    [end({ moved: ['1'], failed: false }), end({ touched: false })],
  ],
  [
    'What was applied is not known: look at the tables that it changes, and with pgdeck migrate status.',
    [end({ moved: undefined })],
  ],
])('%s', (text, ends) => {
  expect(toolText('up', 'shop', ends)).toBe(text);
});
