export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** The rows of a view as they are shown: filtered and sorted. */
export interface Shown {
  readonly rows: readonly unknown[];
  /** Rows before the filter. */
  readonly total: number;
  /** Of a filtered tree, those that are found; the others stand above one of them. */
  readonly hits?: readonly unknown[];
}
