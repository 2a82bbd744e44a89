import { cleanLine } from '../../text/clean.ts';
import { compares, type Fault, type FieldKind, parseFilter, type Term } from '../../text/filter/filter.ts';
import type { Model } from '../core/model.ts';
import type { Sort } from '../core/rows.ts';
import { type AnyView, type Column, cellText, type Field, plainText } from '../core/view.ts';

type AnyField = Field<unknown> & { readonly column?: Column<unknown> };

/** What a filter can ask of the rows of a view by name: its columns, and what else it declares. */
export function fieldsOf({ columns, fields = [], database }: AnyView): readonly AnyField[] {
  const own = [
    ...columns.map((column): AnyField => {
      const { id, value, field } = column;
      return { kind: 'text', value, ...field, name: id, column };
    }),
    ...fields,
  ];
  if (database === undefined || own.some(({ name }) => name === 'database')) return own;
  return [...own, { name: 'database', also: ['db'], kind: 'text', value: database }];
}

/** The columns that somebody filters or sorts by, of those that are read only then. */
export function askedOnDemand(
  view: AnyView,
  { filter, sort }: { readonly filter: string; readonly sort: Sort },
): readonly Column<unknown>[] {
  const columns = view.columns.filter(({ onDemand }) => onDemand !== undefined);
  if (columns.length === 0) return [];
  const parsed = filter === '' ? { terms: [] } : parseFilter(filter, fieldsOf(view));
  const named = 'terms' in parsed ? parsed.terms.map((term) => 'field' in term && term.field.column) : [];
  return columns.filter((column) => column.id === sort.column || named.includes(column));
}

/** Why what somebody filters or sorts by is not known, or not of each row; undefined where nothing is missing. */
export function missingOf(
  view: AnyView,
  choice: { readonly filter: string; readonly sort: Sort },
  model: Model,
): string | undefined {
  return askedOnDemand(view, choice)
    .map(({ missing }) => missing?.(model))
    .find((reason) => reason !== undefined);
}

const KINDS: Readonly<Record<FieldKind, string>> = {
  text: '',
  number: '#',
  percent: '%',
  duration: 's',
  size: 'B',
};

/** `pid(#) user application=app age(s)`: the fields of a view for people, with their other names and kinds. */
export function fieldsText(view: AnyView): string {
  return fieldsOf(view)
    .map(
      ({ name, also = [], kind }) => [name, ...also].join('=') + (kind === 'text' ? '' : `(${KINDS[kind]})`),
    )
    .join(' ');
}

/** What stands in brackets behind a field. */
export const KINDS_TEXT = '(#) number, (%) percentage, (s) duration, (B) size; = another name of it';

/** Whether a row is one of those that a filter looks for; `hit` is undefined where all of them are. */
export type Found = { readonly hit: ((row: unknown) => boolean) | undefined } | { readonly fault: Fault };

/**
 * Reads a filter, such as `user:app age>30s !idle`, for the rows of a view: each of its terms must hold, words and
 * patterns in some column, upper and lower case alike.
 */
export function filterOf(view: AnyView, filter: string, model: Model): Found {
  const parsed = parseFilter(filter, fieldsOf(view));
  if ('fault' in parsed) return parsed;
  const { terms } = parsed;
  if (terms.length === 0) return { hit: undefined };
  return {
    hit: (row) => {
      const texts = once(() => textsOf(view, row, model));
      const small = once(() => texts().map((text) => text.toLocaleLowerCase()));
      return terms.every((term) => term.not !== holds(term, row, model, { texts, small }));
    },
  };
}

interface Texts {
  readonly texts: () => readonly string[];
  readonly small: () => readonly string[];
}

function holds(term: Term<AnyField>, row: unknown, model: Model, { texts, small }: Texts): boolean {
  switch (term.kind) {
    case 'word':
      return small().some((text) => text.includes(term.word));
    case 'pattern':
      return texts().some(term.pattern.matches);
    case 'contains':
      return wordsOf(term.field, row, model).some((text) => text.toLocaleLowerCase().includes(term.word));
    case 'equals':
      return wordsOf(term.field, row, model).some((text) => text.toLocaleLowerCase() === term.word);
    case 'fits':
      return wordsOf(term.field, row, model).some(term.pattern.matches);
    case 'compares': {
      const value = term.field.value(row, model);
      const known = typeof value === 'number' ? value : undefined;
      return compares(term.field.kind, known, term.order, term.limit);
    }
  }
}

/** What a row says, column by column: as it is shown, and as the server calls it. */
function textsOf({ columns }: AnyView, row: unknown, model: Model): readonly string[] {
  return columns.flatMap((column) => {
    // what is read for who asks for it by name
    if (column.onDemand) return [];
    const shown = cleanLine(cellText(column, row, model));
    const value = cleanLine(String(column.value(row, model) ?? ''));
    return shown === value ? [shown] : [shown, value];
  });
}

/** The same of one field; what is not known is empty. */
function wordsOf({ value, column }: AnyField, row: unknown, model: Model): readonly string[] {
  const raw = value(row, model);
  const unknown = raw === null || raw === undefined;
  // a number behind a text is what it is sorted by
  const own = unknown ? '' : typeof raw === 'number' && column ? undefined : cleanLine(String(raw));
  const shown =
    column && !(unknown && column.cell === undefined) ? cleanLine(plainText(column, row, model)) : undefined;
  return [own, shown === own ? undefined : shown].filter((text) => text !== undefined);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
