import type { Model } from '../../app/core/model.ts';
import type { Sort } from '../../app/core/rows.ts';
import type { AnyView } from '../../app/core/view.ts';
import { fieldsOf, filterOf } from '../../app/views/fields.ts';
import { sortRows } from '../../app/views/select.ts';
import { sortable, sortBy } from '../../app/views/sort.ts';
import { UsageError } from '../../config/usage-error.ts';
import { faultText, parseFilter } from '../../text/filter/filter.ts';

/** Which rows of a view are printed, and in which order. */
export interface Choice {
  readonly filter: string;
  readonly sort: Sort;
  /** Somebody chose: what is read is not cut before the choice. */
  readonly chosen: boolean;
}

/** Throws UsageError for a filter or an order that the view has not. */
export function choiceOf(view: AnyView, { filter = '', sort }: { filter?: string; sort?: string }): Choice {
  const parsed = parseFilter(filter, fieldsOf(view));
  if ('fault' in parsed)
    throw new UsageError(
      `--filter, ${faultText(filter, parsed.fault)}.`,
      `pgdeck show --help lists the fields of ${view.id}.`,
    );
  return {
    filter,
    sort: sort === undefined ? view.sort : orderOf(view, sort),
    chosen: filter.trim() !== '' || sort !== undefined,
  };
}

function orderOf(view: AnyView, text: string): Sort {
  if (view.ordered !== undefined) throw new UsageError(`--sort: ${view.ordered}`);
  const [, column = text, direction] = /^(.*?):(.*)$/s.exec(text) ?? [];
  const columns = sortable(view).map(({ id }) => id);
  if (!columns.includes(column))
    throw new UsageError(
      `--sort: ${view.id} has no column "${column}".`,
      `Its columns are ${columns.join(', ')}.`,
    );
  if (direction === undefined) return sortBy(view, column);
  if (direction !== 'asc' && direction !== 'desc')
    throw new UsageError(
      `--sort: "${direction}" is no direction.`,
      `${column}:asc or ${column}:desc; without it, numbers fall and names rise.`,
    );
  return { column, descending: direction === 'desc' };
}

/** The rows that were chosen, and of a tree for people also those that they stand behind. */
export function chosenRows(
  view: AnyView,
  { filter, sort }: Choice,
  model: Model,
  people: boolean,
): readonly unknown[] {
  const rows = view.rows(model);
  const found = filterOf(view, filter, model);
  const hit = 'hit' in found ? found.hit : undefined;
  if (hit && view.tree && people) return view.tree.show(rows, new Set(), hit);
  return sortRows(view, hit ? rows.filter(hit) : rows, sort, model);
}
