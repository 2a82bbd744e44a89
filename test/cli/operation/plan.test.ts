import { expect, test } from 'vitest';
import { resultText } from '../../../src/cli/operation/plan.ts';

const TABLE = {
  title: 'Findings',
  columns: ['severity', 'what mends it'],
  rows: [
    ['warning', 'pgdeck indexes create --table public.api_endpoints --columns document_id'],
    ['info', ''],
  ],
};

test('a table that is wider than the terminal is told row by row, and no command in it is cut', () => {
  expect(resultText(TABLE, 40)).toEqual([
    '',
    'Findings:',
    '  warning',
    '    what mends it pgdeck indexes create --table public.api_endpoints --columns document_id',
    '  info',
  ]);
  expect(resultText(TABLE, 100)[2]).toMatch(/^severity {2}what mends it$/);
  expect(resultText(TABLE)).toEqual(resultText(TABLE, 100));
});
