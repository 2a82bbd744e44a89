import { displayName, fullName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { BloatUnknown } from '../../db/queries/bloat.ts';
import { type TableBloat, tableBloatPoll } from '../../db/queries/maintain/bloat.ts';
import { indexBloatPoll, type ReindexBloat } from '../../db/queries/reindex/bloat.ts';
import { grant, type Server } from '../../db/server.ts';
import { bytes, exact, percent, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Remedy, Unknown } from '../finding.ts';
import { maintain } from '../tables.ts';

/** Less of a relation is the room that its next rows and keys need anyway. */
const SHARE = 0.5;
/** Less is not worth a lock. */
const BYTES = 10 * 1024 ** 2;
/** With more of the rows dead VACUUM is due first: what it frees is used again. */
const DEAD_SHARE = 0.2;

type Bloated<Row> = Row & { readonly bloat_bytes: number; readonly bloat_share: number };

function isBloated<Row extends Pick<TableBloat, 'bloat_bytes' | 'bloat_share'>>(
  row: Row,
): row is Bloated<Row> {
  return (row.bloat_bytes ?? 0) >= BYTES && (row.bloat_share ?? 0) >= SHARE;
}

/** Tables and B-trees of which most is empty, where that can be known without reading them. */
export const bloat = defineCheck({
  id: 'bloat',
  title: 'Bloat',
  category: 'vacuum',
  fix: '`vacuum`, `reindex`',
  reads: [tableBloatPoll, indexBloatPoll],
  judge: ({ figures, server }) => {
    // they are the primary's: when they were made, and how much was changed since, is known there
    if (server.standby)
      return { unknown: { reason: 'A standby does not know how old its statistics are: ask the primary.' } };
    const tables = figures.rows(tableBloatPoll);
    const indexes = figures.rows(indexBloatPoll);
    const unknown = hidden([...tables, ...indexes], server);
    const findings = [
      ...tables.filter(isBloated).map((row) => ofTable(row, tables)),
      ...indexes.filter(isBloated).map((row) => ofIndex(row, indexes)),
    ];
    const because = unestimated(tables, indexes);
    return {
      findings,
      ...(unknown && { unknown }),
      ...(findings.length === 0 && because && { because }),
    };
  },
});

/** What is left out: reading the statistics of all would take long. */
function unestimated(...lists: readonly (readonly { readonly of: number }[])[]): string | undefined {
  const [tables = '', indexes = ''] = lists.map((rows) => limitOf(rows));
  if (tables === '' && indexes === '') return undefined;
  return `only the biggest are estimated${tables && `: of tables ${tables}`}${indexes && `${tables ? ', ' : ': '}of B-trees ${indexes}`}`;
}

function limitOf(rows: readonly { readonly of: number }[]): string {
  const of = rows[0]?.of ?? 0;
  return of > rows.length ? `${exact(rows.length)} of ${exact(of)}` : '';
}

const biggest = (rows: readonly { readonly of: number }[], noun: string): string =>
  limitOf(rows) && ` Only the biggest ${noun} are estimated, ${limitOf(rows)}.`;

function figuresOf(
  object: string,
  { bloat_bytes, bloat_share, bytes: all }: Bloated<TableBloat | ReindexBloat>,
) {
  return {
    object,
    severity: 'warning',
    title: `About ${percent(bloat_share)} of ${object} is empty: ${bytes(bloat_bytes)} of ${bytes(all)}.`,
    value: bloat_bytes,
    unit: 'bytes',
    threshold: BYTES,
  } as const;
}

function ofTable(row: Bloated<TableBloat>, all: readonly TableBloat[]): Found {
  const object = displayName(row.schema, row.name);
  const dead = row.dead_share >= DEAD_SHARE;
  return {
    ...figuresOf(object, row),
    evidence: `An estimate from the widths that ANALYZE noted, without TOAST; ${percent(row.dead_share)} of its rows are dead. pgstattuple_approx measures it.${biggest(all, 'tables')}`,
    why: 'A scan reads the empty pages too, and they take their share of the cache and of every backup of the files.',
    remedy: dead
      ? maintain(
          'vacuum',
          row,
          'Reads and writes go on; what the dead rows take is used again, and the table grows no more.',
        )
      : maintain(
          'vacuum',
          row,
          `Nobody can read or write ${object} while it is rewritten, and a copy of up to ${bytes(row.bytes - row.bloat_bytes)} and its indexes needs room on the disk. Left alone, the space is used again by new rows.`,
          { full: true },
        ),
  };
}

function ofIndex(row: Bloated<ReindexBloat>, all: readonly ReindexBloat[]): Found {
  const object = displayName(row.schema, row.name);
  return {
    ...figuresOf(object, row),
    evidence: `An estimate from the widths that ANALYZE noted of the columns of ${displayName(row.schema, row.table_name)}. pgstatindex measures it.${biggest(all, 'B-trees')}`,
    why: 'Empty leaves are read too, and the cache holds fewer of those that count.',
    remedy: reindex(row),
  };
}

function reindex(row: Bloated<ReindexBloat>): Remedy {
  const cost = `It is built anew CONCURRENTLY: open transactions are waited for, reads and writes go on; the new one needs about ${bytes(row.bytes - row.bloat_bytes)} on the disk.`;
  if (row.may) return { operation: 'reindex', input: { index: [fullName(row.schema, row.name)] }, cost };
  return {
    sql: `REINDEX INDEX CONCURRENTLY ${quoteRelation(row)}`,
    cost: `${cost} This role may not: it takes the owner of the table or a superuser.`,
  };
}

const REASONS: Readonly<Record<BloatUnknown, string>> = {
  rights: 'the statistics are hidden from this role',
  row_security: 'row security hides the statistics',
  no_statistics: 'there are no statistics',
  no_date: 'it is not known how old the statistics are',
  old: 'rows were changed since ANALYZE, which may have made them wider',
  dedup: 'equal keys are stored once',
  partial: 'the statistics are of more rows than a partial index has',
};

/** How many of these are named. */
const NAMED = 3;

/** Why there is no estimate of what is big enough for one. */
function hidden(rows: readonly (TableBloat | ReindexBloat)[], server: Server): Unknown | undefined {
  const big = rows.filter((row) => row.unknown !== null && row.bytes >= BYTES);
  if (big.length === 0) return undefined;
  const reasons = [...Map.groupBy(big, ({ unknown }) => unknown)].flatMap(([why, of]) =>
    why === null ? [] : `${REASONS[why]} (${named(of)})`,
  );
  const remedy = remedyOf(big, server);
  return {
    reason: `The bloat of ${plural(big.length, 'relation')} cannot be estimated: ${reasons.join('; ')}.`,
    ...(remedy && { remedy }),
  };
}

function named(rows: readonly (TableBloat | ReindexBloat)[]): string {
  const names = rows.slice(0, NAMED).map(({ schema, name }) => displayName(schema, name));
  return `${names.join(', ')}${rows.length > NAMED ? ` and ${rows.length - NAMED} more` : ''}`;
}

function remedyOf(rows: readonly (TableBloat | ReindexBloat)[], server: Server): string | undefined {
  const has = (...reasons: BloatUnknown[]) =>
    rows.filter(({ unknown }) => unknown !== null && reasons.includes(unknown));
  const [first] = has('rights');
  if (first !== undefined)
    return server.major >= 14
      ? grant('pg_read_all_data', server)
      : `GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteIdent(first.schema)} TO ${quoteIdent(server.user)}`;
  const [old] = has('no_statistics', 'no_date', 'old');
  if (old === undefined) return undefined;
  const table = 'table_name' in old ? { schema: old.schema, name: old.table_name } : old;
  return `ANALYZE ${quoteRelation(table)}`;
}
