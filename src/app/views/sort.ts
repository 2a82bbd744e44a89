import type { Sort } from '../core/rows.ts';
import type { AnyView } from '../core/view.ts';

/** The columns that rows can be sorted by; none where they have an order of their own. */
export function sortable({ columns, ordered }: AnyView): AnyView['columns'] {
  // a bar says the same as the figure beside it
  return ordered === undefined ? columns.filter(({ title }) => title !== '') : [];
}

/** The order by a column as it is begun with: numbers fall, names rise. */
export function sortBy(view: AnyView, column: string): Sort {
  const found = view.columns.find(({ id }) => id === column);
  return { column, descending: found?.align === 'right' };
}
