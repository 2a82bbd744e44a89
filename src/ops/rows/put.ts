import { fullName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { plural } from '../../text/units.ts';
import { rowsErrors } from '../archive/rows/errors.ts';
import type { RowsColumn, RowsManifest, RowsPart } from '../archive/rows/manifest.ts';
import { partRows } from '../archive/rows/reader.ts';
import type { StepIo } from '../engine/plan.ts';
import { takeErrors } from './errors.ts';
import { putFact } from './noted.ts';
import { pathSql, rolledBack } from './session.ts';
import { digestOf, fromOf, type Relation } from './sql.ts';

/** Where the rows of an archive go back to. */
export interface Place {
  readonly table: Relation;
  readonly directory: string;
  readonly manifest: RowsManifest;
  /** Columns by which a row is found again; undefined where there are none. */
  readonly identity: readonly string[] | undefined;
  /** Of rows that are still there: the columns that get their values back. */
  readonly emptied: readonly string[];
  /** Before the names of the facts that are noted of it. */
  readonly prefix: string;
  /** The columns of each unique key, where one of the table is deferrable: ON CONFLICT refuses such a table (PostgreSQL 18 too). */
  readonly keys?: readonly (readonly string[])[] | undefined;
}

/** How many rows of a part are back, and how many stay in the archive only. */
export interface Put {
  readonly rows: number;
  readonly kept: number;
}

const STAGE = 'pg_temp.pgdeck_rows';
/** Rows that are named of those that cannot come back. */
const NAMED = 5;

/** How the rows of a part come back, as it is shown. */
export function putPreview(place: Place): string {
  const { table, manifest } = place;
  const list = manifest.columns.map(({ name }) => quoteIdent(name)).join(', ');
  return [
    'BEGIN',
    `CREATE TEMP TABLE pgdeck_rows ON COMMIT DROP AS SELECT ${list} FROM ${fromOf(table)} WITH NO DATA`,
    `COPY ${STAGE} (${list}) FROM STDIN (FORMAT csv)`,
    manifest.what === 'deleted' ? insertSql(place) : updateSql(place),
    'COMMIT;',
  ].join(';\n');
}

/** What is made of others is made again: a checksum is of what is not. */
export function ownColumns(columns: readonly Pick<RowsColumn, 'name' | 'generated'>[]): string[] {
  return columns.filter(({ generated }) => !generated).map(({ name }) => name);
}

/** A value of an identity is the one that it was. */
function insertSql({ table, manifest, keys }: Place): string {
  const list = ownColumns(manifest.columns).map(quoteIdent).join(', ');
  const free = keys?.map((columns) => `NOT EXISTS (SELECT FROM ${fromOf(table)} r WHERE ${equal(columns)})`);
  const rows =
    free === undefined
      ? `SELECT ${list} FROM ${STAGE} ON CONFLICT DO NOTHING`
      : `SELECT ${list} FROM ${STAGE} t WHERE ${free.join(' AND ') || 'true'}`;
  return `WITH ins AS (INSERT INTO ${quoteRelation(table)} (${list}) OVERRIDING SYSTEM VALUE ${rows} RETURNING ${list})
SELECT (SELECT count(*) FROM ins)::int AS rows, (SELECT count(*) FROM (SELECT ROW(${list})::text FROM ins EXCEPT ALL SELECT ROW(${list})::text FROM ${STAGE}) x)::int AS changed,
(SELECT ${digestOf('i', ownColumns(manifest.columns))} FROM ins i) AS digest`;
}

const equal = (columns: readonly string[]) =>
  columns.map((name) => `r.${quoteIdent(name)} = t.${quoteIdent(name)}`).join(' AND ');

/** A row that has got a value meanwhile keeps it. */
function updateSql({ table, identity = [], emptied }: Place): string {
  const set = emptied.map((name) => `${quoteIdent(name)} = t.${quoteIdent(name)}`).join(', ');
  const empty = emptied.map((name) => `r.${quoteIdent(name)} IS NULL`).join(' AND ');
  const back = emptied.map(
    (name) => `r.${quoteIdent(name)}::text IS NOT DISTINCT FROM t.${quoteIdent(name)}::text`,
  );
  return `WITH up AS (UPDATE ${fromOf(table)} r SET ${set} FROM ${STAGE} t WHERE ${equal(identity)} AND ${empty} RETURNING ${back.join(' AND ')} AS same)
SELECT count(*)::int AS rows, count(*) FILTER (WHERE NOT same)::int AS changed FROM up`;
}

/**
 * Puts the rows of a part back in one transaction, which is noted in the journal before it is committed. What is in their
 * way stays, and so do they in the archive. Where the part has a checksum of its rows, those that came have it too. Throws
 * {@link OpError} or DbError; nothing of the part is back then.
 */
export async function putPart(io: StepIo, session: Session, place: Place, part: RowsPart): Promise<Put> {
  const { table, manifest, directory, prefix } = place;
  const list = manifest.columns.map(({ name }) => quoteIdent(name)).join(', ');
  const shown = fullName(table.schema, table.name);
  try {
    await session.sql('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
    await session.sql(pathSql(manifest.searchPath));
    await session.sql(
      `CREATE TEMP TABLE pgdeck_rows ON COMMIT DROP AS SELECT ${list} FROM ${fromOf(table)} WITH NO DATA`,
    );
    const read = await session.copyIn(
      `COPY ${STAGE} (${list}) FROM STDIN (FORMAT csv)`,
      partRows(directory, part),
    );
    if (read !== part.rows)
      throw rowsErrors.notRows({ path: `${directory}/${part.file}`, rows: part.rows, found: read });
    await refuseOthers(session, place, part, shown);
    const inTheWay = manifest.what === 'deleted' ? await conflicts(session, place) : [];
    const [done] = await session.sql(manifest.what === 'deleted' ? insertSql(place) : updateSql(place));
    const rows = Number(done?.rows);
    const changed = Number(done?.changed);
    if (changed > 0) throw takeErrors.changedByTrigger({ table: shown, rows: changed });
    if (rows === part.rows && part.digest !== undefined && done?.digest !== part.digest)
      throw takeErrors.otherRows({ file: part.file, table: shown });
    const [xact] = await session.sql('SELECT pg_current_xact_id()::text AS xid');
    io.crashPoint('put:done');
    io.record({ [putFact(part.file, prefix)]: { xid: String(xact?.xid), rows } });
    io.crashPoint('put:noted');
    await session.sql('COMMIT');
    io.crashPoint('put:committed');
    tell(io, place, part, rows, inTheWay);
    return { rows, kept: part.rows - rows };
  } catch (error) {
    await rolledBack(session);
    throw error;
  }
}

/** What was read is what was taken out. Throws {@link OpError}. */
async function refuseOthers(
  session: Session,
  { manifest }: Place,
  { digest, file }: RowsPart,
  table: string,
): Promise<void> {
  if (digest === undefined) return;
  const [row] = await session.sql(
    `SELECT ${digestOf('t', ownColumns(manifest.columns))} AS digest FROM ${STAGE} t`,
  );
  if (row?.digest !== digest) throw takeErrors.otherRows({ file, table });
}

/** The keys of rows that cannot come back, since others have them by now; the first ones. */
async function conflicts(session: Session, { table, identity }: Place): Promise<string[]> {
  if (identity === undefined) return [];
  const values = identity.map((name) => `t.${quoteIdent(name)}`).join(', ');
  const rows = await session.sql(
    `SELECT ROW(${values})::text AS key FROM ${STAGE} t WHERE EXISTS (SELECT FROM ${fromOf(table)} r WHERE ${equal(identity)}) LIMIT ${NAMED}`,
  );
  return rows.map(({ key }) => String(key));
}

function tell(
  io: StepIo,
  { directory, manifest, identity = [] }: Place,
  part: RowsPart,
  rows: number,
  inTheWay: readonly string[],
): void {
  const kept = part.rows - rows;
  if (kept === 0) return;
  const why =
    manifest.what === 'deleted'
      ? 'rows with the same key are there'
      : 'their rows are gone, or have a value by now';
  const named =
    inTheWay.length === 0
      ? ''
      : ` (${identity.join(', ')}: ${inTheWay.join(' ')}${kept > inTheWay.length ? ' …' : ''})`;
  io.line(
    `${plural(kept, 'row')} of ${part.file} ${kept === 1 ? 'is' : 'are'} not put back, since ${why}${named}: kept in ${directory}`,
    'stderr',
  );
}
