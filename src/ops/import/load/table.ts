import { DbError } from '../../../db/errors.ts';
import type { Session } from '../../../db/session.ts';
import { cleanLine } from '../../../text/clean.ts';
import { OpError } from '../../error.ts';
import { importErrors } from '../errors.ts';
import { createTableSql } from '../shape/derive.ts';
import type { Manual, ShapedColumn, ShapedTable } from '../shape/shape.ts';
import { compare } from './compare.ts';
import type { Loading } from './loading.ts';
import { copyRows, type Sent } from './rows.ts';
import { copySql, sendingOf } from './sending.ts';

/** What of a table is there now, and that it is what is in the file. */
export interface Loaded {
  readonly table: ShapedTable;
  readonly rows: number;
  readonly rejects: number;
  /** Cells compared. */
  readonly cells: number;
  readonly nulls: readonly number[];
  /** Of all rows. */
  readonly digest: string;
  /** How long it took, in seconds: reading the file, converting and sending, then reading back and comparing. */
  readonly loading: number;
  readonly comparing: number;
  /** What could not be as it was meant. */
  readonly manual: readonly Manual[];
}

/**
 * Makes a table where it is not there yet, sends its rows, and reads them back: every cell is what it is to be, or
 * {@link OpError}. A column that is generated otherwise in PostgreSQL is made anew with the values of SQLite.
 */
export async function loadTable(loading: Loading, table: ShapedTable): Promise<Loaded> {
  const { session, existing } = loading;
  if (existing) return send(loading, table, new Set(), []);
  const generated = new Set(table.columns.filter((column) => column.generated !== undefined));
  const manual: Manual[] = [];
  await session.sql('SAVEPOINT made');
  for (;;) {
    const back = loading.mark();
    try {
      const plain = table.columns.filter(
        (column) => column.generated !== undefined && !generated.has(column),
      );
      await session.sql(createTableSql(table, new Set(plain.map(({ name }) => name))));
      const loaded = await send(loading, table, generated, manual);
      await session.sql('RELEASE SAVEPOINT made');
      return loaded;
    } catch (error) {
      const wrong = generatedOtherwise(error, generated);
      if (wrong.length === 0 || session.lost || loading.signal.aborted) throw error;
      await session.sql('ROLLBACK TO SAVEPOINT made');
      back();
      for (const column of wrong) {
        generated.delete(column);
        manual.push({
          ...{ table: table.source.name, what: `generated column ${column.source.name}` },
          why: `its values are loaded, and are no longer generated: ${whyNot(error)}`,
          sql: column.source.generated ?? '',
        });
      }
    }
  }
}

/** The columns whose values are others, where it is only them; all of them where the server did not say of which it speaks. */
function generatedOtherwise(error: unknown, generated: ReadonlySet<ShapedColumn>): ShapedColumn[] {
  if (!(error instanceof OpError) || error.code !== 'import.otherValues')
    return error instanceof DbError || (error instanceof OpError && error.code === 'import.serverRefused')
      ? [...generated]
      : [];
  const names = error.facts.columns as readonly string[];
  const wrong = [...generated].filter(({ name }) => names.includes(name));
  return wrong.length === names.length ? wrong : [];
}

const whyNot = (error: unknown): string => {
  if (error instanceof OpError && error.code === 'import.otherValues') return 'PostgreSQL makes other ones';
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
};

async function send(
  loading: Loading,
  table: ShapedTable,
  unsent: ReadonlySet<ShapedColumn>,
  manual: readonly Manual[],
): Promise<Loaded> {
  const { session, database, bad, orphans, signal, onRows } = loading;
  const sending = sendingOf(table, unsent);
  const sent: Sent = { rows: 0, nulls: [], hash: '', left: [] };
  let rejects = 0;
  const began = performance.now();
  const rows = await copied(
    session,
    table,
    copySql(table, sending),
    copyRows(database, table, sending, sent, {
      ...{ bad, signal, orphans: orphans.get(table.source.name) },
      onReject: (reject) => {
        rejects++;
        loading.onReject(reject);
      },
      onRows: (done) => onRows(table, done, 'load'),
    }),
  );
  if (rows !== sent.rows) throw importErrors.otherCount({ table: table.name, sent: sent.rows, found: rows });
  const loaded = performance.now();
  const { nulls, digest } = await compare(loading, table, sending, sent);
  return {
    ...{ table, rows, rejects, manual, nulls, digest, cells: rows * table.columns.length },
    loading: (loaded - began) / 1000,
    comparing: (performance.now() - loaded) / 1000,
  };
}

/** Says of which table and row the server speaks. */
async function copied(
  session: Session,
  { name }: ShapedTable,
  text: string,
  rows: AsyncIterable<Buffer>,
): Promise<number> {
  try {
    return await session.copyIn(text, rows);
  } catch (error) {
    if (!(error instanceof DbError) || error.code === undefined || session.lost) throw error;
    const { where = '', detail = '' } = (error.cause ?? {}) as { where?: string; detail?: string };
    const [, line] = /^COPY .*, line (\d+)/m.exec(where) ?? [];
    throw importErrors.serverRefused(
      { table: name, row: line, why: error.message.replace(/\.$/, ''), detail: cleanLine(detail) },
      error,
    );
  }
}
