import { fullName } from '../../db/ident.ts';
import { type ReindexBloat, reindexBloat } from '../../db/queries/reindex/bloat.ts';
import { bytes, percent, plural } from '../../text/units.ts';
import { bloatUnknownText } from '../bloat.ts';
import type { FieldChoice, OpContext } from '../engine/operation.ts';
import { type ReindexIndex, reindexIndexes, reindexTables } from './queries/inventory.ts';

/** Indexes whose bloat is estimated: the biggest. */
export const ESTIMATED = 200;

/** What is known of the bloat of an index; a guess, and said so. */
export function bloatText(bloat: ReindexBloat | undefined): string {
  if (bloat === undefined) return '';
  if (bloat.unknown !== null) return bloatUnknownText(bloat.unknown);
  return `~${bytes(bloat.bloat_bytes)} (${percent(bloat.bloat_share)})`;
}

/** Invalid ones first, then those with the most bloat, then the biggest. */
export async function indexChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = new Map((await session.run(reindexTables, undefined)).map((one) => [one.oid, one]));
  const indexes = await session.run(reindexIndexes, undefined);
  const bloat = new Map((await session.run(reindexBloat, { limit: ESTIMATED })).map((one) => [one.oid, one]));
  const of = (one: ReindexIndex) => bloat.get(one.oid)?.bloat_bytes ?? 0;
  return indexes
    .filter(({ toast, valid, table_oid }) => {
      const table = tables.get(table_oid);
      return table !== undefined && !table.system && !(toast && valid);
    })
    .sort(
      (a, b) =>
        Number(a.valid) - Number(b.valid) || of(b) - of(a) || b.est_bytes - a.est_bytes || a.oid - b.oid,
    )
    .map((one) => {
      const table = tables.get(one.table_oid);
      const air = bloatText(bloat.get(one.oid));
      const hint = [
        one.valid ? undefined : 'INVALID',
        one.kind === 'I' ? 'partitioned' : `~${bytes(one.est_bytes)}`,
        air === '' ? undefined : `bloat ${air}`,
        table && `on ${fullName(table.schema, table.name)}`,
      ];
      return { value: fullName(one.schema, one.name), hint: hint.filter(Boolean).join(', ') };
    });
}

/** The tables with the biggest indexes first. */
export async function tableChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = await session.run(reindexTables, undefined);
  const indexes = Map.groupBy(await session.run(reindexIndexes, undefined), (one) => one.table_oid);
  return tables
    .flatMap((table) => {
      const own = indexes.get(table.oid) ?? [];
      if (table.system || own.length === 0) return [];
      return [{ table, own, size: own.reduce((sum, one) => sum + one.est_bytes, 0) }];
    })
    .sort((a, b) => b.size - a.size)
    .map(({ table, own, size }) => {
      const invalid = own.filter(({ valid }) => !valid).length;
      const counted = `${own.length} ${own.length === 1 ? 'index' : 'indexes'}`;
      const hint = [
        counted,
        table.kind === 'p' ? 'partitioned' : `~${bytes(size)}`,
        invalid > 0 && `${invalid} INVALID`,
      ];
      return { value: fullName(table.schema, table.name), hint: hint.filter(Boolean).join(', ') };
    });
}

export async function schemaChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = await session.run(reindexTables, undefined);
  const indexes = Map.groupBy(await session.run(reindexIndexes, undefined), (one) => one.table_oid);
  return [...Map.groupBy(tables, ({ schema }) => schema)].flatMap(([value, inSchema]) => {
    const own = inSchema.flatMap(({ oid }) => indexes.get(oid) ?? []);
    if (own.length === 0 || inSchema.some(({ system }) => system)) return [];
    const size = own.reduce((sum, one) => sum + one.est_bytes, 0);
    return [{ value, hint: `${plural(own.length, 'index')}, ~${bytes(size)}` }];
  });
}
