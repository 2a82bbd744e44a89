import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { BackupScope } from '../../repository/manifest.ts';
import {
  type BackupForeignKey,
  type BackupRelation,
  backupForeignKeys,
  backupSchemas,
} from '../queries/relations.ts';
import type { BackupRequest, Content } from '../request.ts';
import { type Chosen, resolveChosen } from './resolve.ts';

/** What of a database goes into a backup. */
export interface Selection {
  readonly scope: BackupScope;
  /** What was chosen, as the server knows it. */
  readonly chosen: readonly string[];
  /** Tables and materialized views that are defined in the backup. */
  readonly defined: readonly BackupRelation[];
  /** Those whose rows are in it, or that are filled anew from such rows. */
  readonly filled: readonly BackupRelation[];
  readonly largeObjects: boolean;
  /** Foreign keys from rows that are in the backup to rows that are not: they cannot be restored into an empty database. */
  readonly dangling: readonly BackupForeignKey[];
  /** Oids of what pg_dump looks at; undefined: of everything. */
  readonly looked: ReadonlySet<number> | undefined;
  /** The part of pg_dump's arguments that says all this. */
  readonly args: readonly string[];
}

export type SelectionRequest = Pick<BackupRequest, 'content' | 'schemas' | 'tables'>;

/**
 * Decides what a backup holds, by what the server has now. Throws {@link ../../error.ts OpError} for names that are not
 * there; DbError.
 */
export async function selectRelations(
  session: Session,
  relations: readonly BackupRelation[],
  request: SelectionRequest,
): Promise<Selection> {
  const holding = relations.filter(
    ({ kind, of_extension }) => (kind === 'r' || kind === 'm') && !of_extension,
  );
  const mayFill = (one: BackupRelation) => one.populated && !(one.unlogged && session.server.standby);
  const { content } = request;
  if (request.schemas.length + request.tables.length === 0)
    return {
      scope: content === 'all' ? 'full' : content === 'schema' ? 'schema_only' : 'data_only',
      chosen: [],
      defined: holding,
      filled: content === 'schema' ? [] : holding.filter(mayFill),
      largeObjects: content !== 'schema',
      dangling: [],
      looked: undefined,
      args: contentArgs(content),
    };
  const schemas = (await session.run(backupSchemas, undefined)).map(({ schema }) => schema);
  const chosen = resolveChosen(relations, schemas, request);
  const filled =
    content === 'schema' ? [] : holding.filter((one) => chosen.oids.has(one.oid) && mayFill(one));
  return {
    scope: scopeOf(content, chosen),
    chosen: [...chosen.schemas.map(quoteIdent), ...chosen.tables.map(quoteRelation)],
    defined: content === 'all' ? holding : holding.filter((one) => chosen.oids.has(one.oid)),
    filled,
    largeObjects: false,
    looked: content === 'all' ? undefined : chosen.oids,
    dangling:
      content === 'all' ? dangling(relations, filled, await session.run(backupForeignKeys, undefined)) : [],
    args:
      content === 'all'
        ? withoutRowsOf(relations, chosen)
        : [...contentArgs(content), ...onlyArgs(relations, chosen)],
  };
}

function scopeOf(content: Content, { tables }: Chosen): BackupScope {
  if (content !== 'all') return content === 'schema' ? 'schema_only' : 'data_only';
  return tables.length > 0 ? 'tables' : 'schemas';
}

function contentArgs(content: Content): string[] {
  return content === 'all' ? [] : [content === 'schema' ? '--schema-only' : '--data-only'];
}

/**
 * All definitions, and rows only of what was chosen. A dump of some tables alone lacks their schemas, types, functions
 * and extensions, and cannot be restored into an empty database.
 */
function withoutRowsOf(relations: readonly BackupRelation[], { oids }: Chosen): string[] {
  const excluded = [...Map.groupBy(relations, ({ schema }) => schema)].flatMap(([schema, inSchema]) => {
    // sequences keep their values: a default may draw from one of another schema
    const keep = inSchema.some(({ oid, kind }) => oids.has(oid) || kind === 'S');
    if (!keep) return inSchema.some(holdsRows) ? [`${quoteIdent(schema)}.*`] : [];
    return inSchema.filter((one) => holdsRows(one) && !oids.has(one.oid)).map(quoteRelation);
  });
  // the short name is understood by every version, the long one was changed in 16
  return ['-B', ...excluded.map((one) => `--exclude-table-data=${one}`)];
}

function holdsRows({ kind, of_extension }: BackupRelation): boolean {
  return (kind === 'r' || kind === 'm') && !of_extension;
}

/** Only what was chosen, without what it needs: for --schema-only and --data-only. */
function onlyArgs(relations: readonly BackupRelation[], { schemas, tables, oids }: Chosen): string[] {
  // pg_dump does not look at --schema once there is a --table
  if (tables.length === 0) return [...schemas.map((one) => `--schema=${quoteIdent(one)}`), '--strict-names'];
  const named = relations.filter(({ oid, of_extension }) => oids.has(oid) && !of_extension);
  return [...named.map((one) => `--table=${quoteRelation(one)}`), '--strict-names'];
}

function dangling(
  relations: readonly BackupRelation[],
  filled: readonly BackupRelation[],
  keys: readonly BackupForeignKey[],
): BackupForeignKey[] {
  const leaves = leavesOf(relations);
  const full = new Set(filled.map(({ oid }) => oid));
  return keys.filter(
    ({ from_oid, to_oid }) =>
      leaves(from_oid).some((oid) => full.has(oid)) && !leaves(to_oid).every((oid) => full.has(oid)),
  );
}

/** Tables that hold the rows of a table: itself, or its partitions. */
function leavesOf(relations: readonly BackupRelation[]): (oid: number) => number[] {
  const children = Map.groupBy(relations, (one) => one.partition_of);
  const leaves = (oid: number): number[] => {
    const below = children.get(oid);
    return below === undefined ? [oid] : below.flatMap((one) => leaves(one.oid));
  };
  return leaves;
}
