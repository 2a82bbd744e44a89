import type { AnyPoll } from '../../db/poll.ts';
import type { Level } from '../../health/level.ts';
import type { Part } from '../../monitor/snapshot.ts';
import type { RawInput, RowField } from '../../ops/engine/operation.ts';
import type { ColumnSpec } from '../../text/cells.ts';
import type { FieldKind, FieldSpec } from '../../text/filter/filter.ts';
import type { Line, Tone } from '../../text/line.ts';
import type { Action } from './deck.ts';
import { LEVEL_TONE, type Model, marked } from './model.ts';
import type { Sort } from './rows.ts';
import type { DetailSection } from './section.ts';
import type { AppState } from './state.ts';

/** What a value may be that rows are sorted or found by. */
export type Value = string | number | boolean | null | undefined;

/** Something of a row that a filter asks for by its name, see {@link file://../views/fields.ts}. */
export interface Field<Row> extends FieldSpec {
  readonly value: (row: Row, model: Model) => Value;
}

/** A column of a view: how to show a row, and what to sort and export by. */
export interface Column<Row> extends ColumnSpec {
  /**
   * What a filter takes it for; absent, for the text that it shows. Its name is that of the column. `value`: where that
   * of the column has another unit, or an order of its own.
   */
  readonly field?: { readonly kind: FieldKind; readonly also?: readonly string[] } & Partial<
    Pick<Field<Row>, 'value'>
  >;
  /** What is sorted by; null sorts last either way. */
  readonly value: (row: Row, model: Model) => Value;
  /** How the value is written, as a number with its unit; absent and without `cell`, the value itself. */
  readonly format?: (value: number | null | undefined) => string;
  /** What is shown where a format is not enough. Server text comes as it is: it is cleaned when drawn. */
  readonly cell?: (row: Row, model: Model) => string;
  /** Where the value stands on its scale: its mark and its tone follow from it. */
  readonly level?: (row: Row, model: Model) => Level;
  /** The tone of what has no level, or is normal. */
  readonly tone?: (row: Row, model: Model) => Tone | undefined;
  /** Its text is made here and holds none of the server's: it is shown as it is, blanks and all. */
  readonly own?: boolean;
  /**
   * It is read for who looks at it, and only then: where the view has the screen to itself and there are figures, and
   * where rows are sorted or looked for by it.
   */
  readonly onDemand?: (model: Model) => boolean;
  /** Why it is not known, or not of each row, in a sentence; undefined where nothing is missing. */
  readonly missing?: (model: Model) => string | undefined;
}

/** Who a row is about, for cancel and terminate: never a row number, never a pid alone. */
export interface BackendRef {
  readonly pid: number;
  readonly backendStart: number | null;
}

/** A row as it stands in JSON and CSV: PostgreSQL's names, plain numbers with their unit in the name, null for unknown. */
export type ViewRecord = Readonly<Record<string, unknown>>;

/** A key that starts an operation on the row under the cursor. */
export interface RowOperation<Row> extends Pick<Action, 'id' | 'title' | 'danger' | 'hint' | 'short'> {
  readonly key: string;
  /** The operation, by the words of its command. */
  readonly operation: string;
  readonly argument: (row: Row) => string;
  /** The rows that it is for; absent, all. */
  readonly only?: (row: Row) => boolean;
  /** Why it cannot be done with the rows of other views. */
  readonly elsewhere: string;
}

/** How rows that stand in a tree are shown. */
export interface Tree<Row> {
  /** The rows that are shown: of a branch that is not open, several may stand in one. `hit`: what a filter looks for. */
  readonly show: (
    rows: readonly Row[],
    open: ReadonlySet<string>,
    hit?: (row: Row) => boolean,
  ) => readonly Row[];
  /** The branch that is opened or folded on a row: the nearest one below it, else its own. */
  readonly branch: (row: Row, shown: readonly Row[], open: ReadonlySet<string>) => string | undefined;
}

/** Who a session is for views that know something of it. */
export interface SessionRef {
  readonly pid: number;
  readonly queryId: string | null;
}

/**
 * One table of the console, declared once: the screen, keys, help, details, the filter, `show` in every format and the
 * manual are read from it.
 */
export interface View<Row> {
  /** Its name, which `show` knows it by. */
  readonly id: string;
  readonly title: string;
  /** What a row is, in the plural: "12 sessions". */
  readonly noun: string;
  /** What has to be polled while it is visible; the first one's state is the view's. */
  readonly polls: readonly [AnyPoll, ...AnyPoll[]];
  /** Its rows are pgdeck's own: whatever becomes of the connection, they are as they are. */
  readonly local?: boolean;
  readonly rows: (model: Model) => readonly Row[];
  /** Rows that another view shows too: where that is on the same screen they are left to it, and the title says so. */
  readonly apart?: {
    readonly view: string;
    readonly title: string;
    readonly rest: (model: Model, rows: readonly Row[]) => readonly Row[];
  };
  /** How many rows there are on the server, where only some are read. */
  readonly total?: (model: Model) => number | undefined;
  /** What `total` counts, behind the number: `not idle`. */
  readonly counted?: (state: Pick<AppState, 'idle'>) => string;
  /** The identity that a selection follows. */
  readonly identity: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** What a filter knows of a row beside its columns. */
  readonly fields?: readonly Field<Row>[];
  readonly sort: Sort;
  /** The rows have an order of their own (a tree): sorting is refused with this reason. */
  readonly ordered?: string;
  /** Its rows stand in a tree. */
  readonly tree?: Tree<Row>;
  /** What a row says across all columns instead of in each: the tree before it as it is, and text that is cleaned. */
  readonly across?: (row: Row, model: Model) => { readonly tree: string; readonly text: string } | undefined;
  /** What would help where something is wrong, on a line above all panes, in the room that there is. */
  readonly verdict?: (
    model: Model,
    writing: { readonly room: number; readonly dot: string; readonly key?: string },
  ) => Line;
  /** One line above the table. */
  readonly headline?: (model: Model, rows: readonly Row[]) => Line;
  /** Shown when there are no rows and nothing is wrong. */
  readonly empty: string;
  readonly backend?: (row: Row) => BackendRef | undefined;
  /** The statement a row is about, for copy and explain. */
  readonly query?: (row: Row) => string | null | undefined;
  /** By which pg_stat_statements knows that statement: the list may have the beginning of its text only. */
  readonly queryId?: (row: Row) => string | null;
  /** The database that it belongs to: filters know it as `database`, and `O` lists those of one. */
  readonly database?: (row: Row, model: Model) => string | null | undefined;
  /**
   * What a row is for an operation: the field of its form that takes it, and the name that is filled in; undefined for
   * a row that is something else.
   */
  readonly taken?: { readonly field: RowField; readonly name: (row: Row) => string | undefined };
  /** What is copied of a row that has no statement, and what that is; absent, the name that its first column says. */
  readonly copy?: (row: Row) => { readonly text: string; readonly what: string };
  readonly detail: (row: Row, model: Model) => readonly DetailSection[];
  /** The operation that Enter in its details opens, with what its form is filled in with. */
  readonly remedy?: (row: Row) => { readonly operation: string; readonly input: RawInput } | undefined;
  /** What it knows of a session, for the details of one that another view lists. */
  readonly ofSession?: (session: SessionRef, model: Model) => DetailSection | undefined;
  /** Keys of its own, beside those that every table has. */
  readonly actions?: readonly (Action & { readonly elsewhere: string })[];
  readonly operations?: readonly RowOperation<Row>[];
  /** The command that lists its rows; absent, `show` with its name does. */
  readonly listedBy?: string;
  /** A row for scripts; absent, the row as it is. */
  readonly record?: (row: Row, model: Model) => ViewRecord;
  /** All of it is one record for scripts, whose rows are its parts. */
  readonly whole?: (model: Model) => ViewRecord;
  /** What the JSON of all rows says besides them, and what else has to be polled for it. */
  readonly beside?: { readonly polls?: readonly AnyPoll[]; readonly facts: (model: Model) => ViewRecord };
}

/** A view whose row type is nobody's business but its own: what screens and the text output handle. */
export type AnyView = View<unknown>;

/** Declares a view; the row type is checked inside and forgotten outside: rows of a view only ever go back to the same view. */
export function defineView<Row>(view: View<Row>): AnyView {
  return view as unknown as AnyView;
}

/** One view or several, one below the other, under a key. */
export interface Screen {
  readonly id: string;
  readonly title: string;
  /** Its title where the room is short. */
  readonly short?: string;
  /** The key that opens it; without one it is opened from the palette. */
  readonly key?: string;
  readonly panes: readonly [AnyView, ...AnyView[]];
  /** How the height is shared. */
  readonly weights?: readonly number[];
  /** Everything at a glance: the panes share the height by what they need, with history above them. */
  readonly dashboard?: Dashboard;
}

/** How the panes of a dashboard lie, by the names of their views. */
export interface Dashboard {
  /** What stands in a column of its own where the terminal is wide: panes of the screen that move there, and others. */
  readonly side: readonly AnyView[];
  readonly claims: Readonly<Record<string, Claim>>;
  /** The pane that keys go to until somebody has chosen one. */
  readonly home: (model: Model) => AnyView;
}

/** What a pane of a dashboard gets of the height. */
export interface Claim {
  /** Rows that it keeps, whatever the others need. */
  readonly least: number;
  /** Rows that are enough; absent, all. */
  readonly most?: number;
  /** Share of the height that it gets before those after it get more than their least. */
  readonly share: number;
}

/** Declares a screen. */
export function defineScreen(screen: Screen): Screen {
  return screen;
}

const OWN: Part<never> = Object.freeze({ status: 'ok', at: Number.NaN, rows: [], ms: 0 });

/** What the view's main part says about itself: not asked yet, stale, denied. */
export function statusPart(view: AnyView, model: Model): Part<unknown> {
  return view.local ? OWN : model.part(view.polls[0]);
}

/** The columns that there is something to show in. `sorted`: what rows are sorted by, which is shown whatever is in it. */
export function columnsShown<Row>(
  { columns }: Pick<View<Row>, 'columns'>,
  model: Model,
  { alone, sorted }: { readonly alone: boolean; readonly sorted: string | undefined },
): readonly Column<Row>[] {
  return columns.filter(
    ({ id, onDemand }) => onDemand === undefined || id === sorted || (alone && onDemand(model)),
  );
}

/** All columns of a row with their titles: the plainest of details. */
export function columnFacts<Row>(
  view: Pick<View<Row>, 'columns'>,
  row: Row,
  model: Model,
): [string, string][] {
  return view.columns
    .map((c): [string, string] => [c.title, cellText(c, row, model)])
    .filter(([, text]) => text !== '');
}

/** Behind what would help: the key that opens it from the details; nothing where there are no keys. */
export function opensFilled({ keyOf }: Pick<Model, 'keyOf'>): string {
  const key = keyOf('reader.close');
  return key === undefined ? '' : ` ${key} opens it, filled in.`;
}

/** How many rows the server has beyond those that were read. */
export function notRead(view: AnyView, model: Model): number {
  return Math.max(0, (view.total?.(model) ?? 0) - view.rows(model).length);
}

export function cellText<Row>(column: Column<Row>, row: Row, model: Model): string {
  return marked(column.level?.(row, model) ?? 'normal', plainText(column, row, model));
}

export function cellTone<Row>(column: Column<Row>, row: Row, model: Model): Tone | undefined {
  return LEVEL_TONE[column.level?.(row, model) ?? 'normal'] ?? column.tone?.(row, model);
}

/** What a cell says without the mark of its level. */
export function plainText<Row>(column: Column<Row>, row: Row, model: Model): string {
  if (column.cell) return column.cell(row, model);
  const value = column.value(row, model);
  if (column.format) return column.format(typeof value === 'number' ? value : null);
  return value === null || value === undefined ? '-' : String(value);
}
