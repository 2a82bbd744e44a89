import { expect, test } from 'vitest';
import { VIEWS } from '../../../../src/app/views/registry.ts';
import { duration } from '../../../../src/text/units.ts';

test('a duration with its mark fits its column: what is worst is not cut', () => {
  const longest = `!!!${duration(17 * 60 + 50)}`;
  const narrow = VIEWS.flatMap((view) =>
    view.columns
      .filter(
        (column) =>
          column.level !== undefined && (column.format === duration || ['lag', 'wait'].includes(column.id)),
      )
      .filter((column) => column.width < longest.length)
      .map((column) => `${view.id} ${column.title}`),
  );
  expect(narrow).toEqual([]);
});
