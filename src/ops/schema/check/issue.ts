/** One way in which a database is not what is expected of it. */
export interface Issue {
  /** Stable: `missing:column:app.orders.total`, `changed:column:app.orders.total:default`, `extra:…`, `invalid:…`. */
  readonly id: string;
  readonly kind: 'missing' | 'changed' | 'extra' | 'invalid';
  /** PostgreSQL's word: `column`, `index`. */
  readonly object: string;
  /** `app.orders.total`. */
  readonly path: string;
  /** Of what has changed, which of its attributes: `default`. */
  readonly attribute: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
  /** `critical`: what running code would fail on. */
  readonly severity: 'critical' | 'minor' | 'info';
  /** `pgdeck schema fix` does it itself. */
  readonly fixable: boolean;
  /** Exact SQL in order; of what is not fixable a suggestion. */
  readonly fixSql: readonly string[];
  /** The strongest lock taken on what exists, in pg_locks' words; null: none. */
  readonly lock: string | null;
}
