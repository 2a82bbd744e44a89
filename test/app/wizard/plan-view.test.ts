import { expect, test } from 'vitest';
import { EMPTY_FORM } from '../../../src/app/wizard/form.ts';
import { FOLDED, wayOn } from '../../../src/app/wizard/plan-view.ts';
import type { Check, Plan } from '../../../src/ops/engine/plan.ts';
import { settingsSet } from '../../../src/ops/settings/set.ts';

const blockedBy = (check: Omit<Check, 'status'>) =>
  wayOn(
    { checks: [{ ...check, status: 'block' }], steps: [] } as unknown as Plan,
    FOLDED,
    EMPTY_FORM,
    settingsSet,
  );

test('a block leads to the field that it names, else to the one that it is called as', () => {
  expect(blockedBy({ title: 'Value', detail: 'The server would refuse it.' })).toMatchObject({
    kind: 'field',
    field: { id: 'value' },
  });
  expect(blockedBy({ title: 'Value', detail: 'Give --role instead.' })).toMatchObject({
    field: { id: 'role' },
  });
  expect(blockedBy({ title: 'Rights', detail: 'dba may not set it.' })).toEqual({ kind: 'none' });
});
