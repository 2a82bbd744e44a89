import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { cleanLine } from '../../../text/clean.ts';
import { plural } from '../../../text/units.ts';
import type { Check, ResultTable } from '../../engine/plan.ts';
import type { Redirect } from './rows/filter.ts';
import type { Told } from './rows/run.ts';
import { clashes, type Task } from './sql/script.ts';
import { whyStuck } from './sql/tangles.ts';
import { type Block, list } from './unit.ts';

/** What becomes of the rows of each table, as it is foretold or as it was done. */
export function outcomeTable(
  title: string,
  { units, gone, mode, cascades }: Task,
  told: readonly Told[],
): ResultTable {
  const sum = (count: string, at: number): number =>
    told.filter((one) => one.count === count && one.at === at).reduce((total, { value }) => total + value, 0);
  const merges = mode !== 'skip_existing';
  const rows = units.map(({ shown }, at) => {
    const [staged, inserted, updated] = [sum('staged', at), sum('inserted', at), sum('updated', at)];
    return [
      shown,
      ...[staged, inserted, updated, staged - inserted - updated].map(String),
      mode === 'replace' ? String(sum('deleted', at)) : '-',
    ];
  });
  const made = gone.map(({ shown, rows: all }) => {
    const value = all === null ? '?' : String(all);
    return [shown, value, value, '-', '-', '-'];
  });
  const other = cascades
    .map(({ relation, effect }, at) => ({ relation, effect, value: sum('cascade', at) }))
    .filter(({ value, effect }) => value > 0 && effect !== 'blocked')
    .map(({ relation, effect, value }) => [
      `${relation} (by foreign key)`,
      '-',
      '-',
      effect === 'cleared' ? String(value) : '-',
      '-',
      effect === 'deleted' ? String(value) : '-',
    ]);
  return {
    title,
    columns: ['Table', 'In backup', 'Inserted', 'Updated', merges ? 'Unchanged' : 'Left as is', 'Deleted'],
    rows: [...rows, ...made, ...other].map((row) => row.map(cleanLine)),
  };
}

/** How many rows a restore would take away, of the chosen tables and of others. */
export function losses({ cascades }: Task, told: readonly Told[]): { deleted: number; blocked: string[] } {
  const deleted = told.filter(
    ({ count, at }) => count === 'deleted' || (count === 'cascade' && cascades[at]?.effect === 'deleted'),
  );
  return {
    deleted: deleted.reduce((total, { value }) => total + value, 0),
    blocked: cascades.flatMap(({ relation, effect }, at) => {
      const value = told.find((one) => one.count === 'cascade' && one.at === at)?.value ?? 0;
      return effect === 'blocked' && value > 0 ? [`${plural(value, 'row')} of ${relation}`] : [];
    }),
  };
}

/** What keys stand in the way of, besides the primary one. */
export function keyChecks(task: Task, told: readonly Told[]): Check[] {
  const of = (count: string) => told.filter((one) => one.count === count && one.value > 0);
  const named = clashes(task);
  const title = 'Keys';
  return [
    ...of('clash').flatMap(({ at, value }): Check[] => {
      const found = named[at];
      if (found === undefined) return [];
      return [
        {
          title,
          status: 'block',
          detail:
            `${plural(value, 'row')} of the backup cannot go into ${found.unit.shown}: rows that stay, or others of the backup, have the same ${found.key.name}. ` +
            'Change or delete those first, or use --mode skip_existing.',
        },
      ];
    }),
    ...of('stuck').flatMap(({ at, value }): Check[] => {
      const unit = task.units[at];
      if (unit === undefined) return [];
      return [
        {
          title,
          status: 'block',
          detail: `${value} ${whyStuck(unit, task.related)}. Restore the backup into a new database with --into NAME, and copy the rows from there.`,
        },
      ];
    }),
  ];
}

/** Where the rows of the backup go: into the staging tables, and of tables that are gone into themselves. */
export function redirectsOf(
  { units, gone }: Task,
  withGone: boolean,
): { blocks: Block[]; redirects: Redirect[] } {
  const staged = units.flatMap(({ blocks, staging }) =>
    blocks.map((block) => ({
      block,
      redirect: { place: block.place, copy: copyOf(staging, block) },
    })),
  );
  const direct = withGone
    ? gone.flatMap(({ blocks }) =>
        blocks.map((block) => {
          const { schema, name } = block.table;
          const own = `${quoteIdent(schema)}.${quoteIdent(name)}`;
          return { block, redirect: { place: block.place, copy: copyOf(own, block) } };
        }),
      )
    : [];
  const all = [...staged, ...direct];
  return { blocks: all.map(({ block }) => block), redirects: all.map(({ redirect }) => redirect) };
}

/** The rows keep their encoding, while everything else that psql reads is in UTF-8. */
function copyOf(table: string, { columns, encoding }: Block): string {
  const listed = columns.length === 0 ? '' : ` (${list(columns)})`;
  const encoded =
    encoding === undefined || encoding.toUpperCase() === 'UTF8'
      ? ''
      : ` WITH (ENCODING ${quoteLiteral(encoding)})`;
  return `COPY ${table}${listed} FROM stdin${encoded};`;
}
