import { fullName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { RowsAbout } from '../../archive/rows/manifest.ts';
import type { Taking } from '../../rows/batch.ts';
import type { Leaf } from '../../rows/queries/tables.ts';
import { byIndex } from '../../rows/session.ts';
import { type Below, deleteSql } from '../../rows/sql.ts';
import { orphansErrors } from '../errors.ts';
import { belowPlacesSql, type KeyShape, orphanCondition, setNullSql } from '../sql.ts';

/** What is done to the rows that break a key. */
export interface Removal {
  readonly key: KeyShape & { readonly name: string };
  readonly how: 'deleted' | 'set_null';
  /** Tables and partitions that hold the rows. */
  readonly leaves: readonly Leaf[];
  /** All columns, in the order in which their values are kept. */
  readonly columns: readonly string[];
  /** The same with their types, as the archive tells them. */
  readonly described: RowsAbout['columns'];
  readonly serverVersion: string;
  /** Keys by which the server would change other rows with these. */
  readonly below: readonly (Below & { readonly shown: string })[];
  /** Oids of all keys that referred to the table when it was planned. */
  readonly known: readonly number[];
}

/** The same as rows are taken out. */
export function takingOf(removal: Removal, searchPath: string): Taking {
  const { key, how, leaves, columns } = removal;
  const condition = orphanCondition(key);
  return {
    ...{ table: fullName(key.table.schema, key.table.name), leaves, condition, searchPath },
    ...{ indexed: true, prefix: '' },
    sql: (leaf, places) =>
      how === 'deleted'
        ? deleteSql(leaf, condition, places, columns)
        : setNullSql(key, leaf, places, columns),
    refuse: (session, leaf, places) => refuseBelow(session, removal, leaf, places),
    known: { oids: tablesOf(removal), keys: removal.known, own: key.name },
  };
}

/** Nobody can refer to a row that is locked; who has done so before is seen here. */
async function refuseBelow(
  session: Session,
  { below, key }: Removal,
  leaf: Leaf,
  places: string,
): Promise<void> {
  if (below.length === 0) return;
  await session.sql(byIndex(false));
  for (const one of below) {
    const [row] = await session.sql(belowPlacesSql(one, leaf, places));
    const rows = Number(row?.rows);
    if (rows > 0)
      throw orphansErrors.referred({
        table: fullName(key.table.schema, key.table.name),
        ...{ by: one.shown, rows },
      });
  }
  await session.sql(byIndex(true));
}

/** The table, and the partitions that hold its rows. */
function tablesOf({ key, leaves }: Removal): number[] {
  return [...new Set([key.table.oid, ...leaves.map(({ oid }) => oid)])];
}
