import {
  type BackupDatabase,
  backupDatabase,
  backupLargeObjects,
  backupNeeds,
  backupPasswords,
  backupSystem,
} from '../../../db/queries/backup/facts.ts';
import { restoreSpread } from '../../../db/queries/restore/facts.ts';
import type { Session } from '../../../db/session.ts';
import { databaseProperties } from '../../database/properties.ts';
import type { StepIo } from '../../engine/plan.ts';
import { backupErrors } from '../errors.ts';
import { backupRelations, backupSequences } from '../queries/relations.ts';
import type { BackupRequest } from '../request.ts';
import { type Selection, selectRelations } from '../scope/selection.ts';
import { measuredRelations } from '../scope/sizes.ts';
import { LOCK_WAIT } from './command.ts';

type RowsOf<Q> = Q extends { readonly row: { readonly _output: infer Row } } ? readonly Row[] : never;

/** The state of a database that a backup holds, and everything the manifest says of it. */
export interface Snapshot {
  /** Keeps the snapshot alive until the dump has taken it over by all its connections. */
  readonly session: Session;
  /** For pg_dump --snapshot and SET TRANSACTION SNAPSHOT. */
  readonly id: string;
  readonly database: BackupDatabase;
  readonly selection: Selection;
  readonly sequences: RowsOf<typeof backupSequences>;
  readonly needs: RowsOf<typeof backupNeeds>;
  readonly largeObjects: number;
  /** Whether this role may read the verifiers of passwords. */
  readonly passwords: boolean;
  readonly systemIdentifier: string | null;
  readonly properties: readonly string[];
  /** How much is in which tablespace; nothing where it could not be seen. */
  readonly spread: RowsOf<typeof restoreSpread>;
}

export const SNAPSHOT_SQL = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  'SELECT /* pgdeck */ pg_export_snapshot()',
] as const;

/** A marker that pgdeck wrote while it restored is no comment of the database's owner. */
const MARKER = /^COMMENT ON DATABASE .* IS E?'\{"pgdeck"/;

/**
 * Exports a snapshot and reads in it what is there. What the server may refuse is asked before: an error within would
 * end the snapshot. Throws DbError, {@link OpError}.
 */
export async function takeSnapshot(io: StepIo, request: BackupRequest): Promise<Snapshot> {
  const { database: name } = request;
  const session = await io.connect(name);
  const system = await session.run(backupSystem, undefined).catch(() => []);
  const [right] = await session.run(backupPasswords, undefined);
  const properties = (await databaseProperties(session, name, name, { comment: true })).filter(
    (sql) => !MARKER.test(sql),
  );
  // sizes are not worth waiting for a lock, let alone losing the snapshot over it
  await session.sql("SET lock_timeout = '1s'");
  const sizes = new Map((await measuredRelations(session)).map(({ oid, bytes }) => [oid, bytes]));
  const spread = await session.run(restoreSpread, undefined).catch(() => []);
  await session.sql(`SET lock_timeout = '${LOCK_WAIT}'`);
  await session.sql(SNAPSHOT_SQL[0]);
  const [exported] = await session.sql(SNAPSHOT_SQL[1]);
  const id = exported?.pg_export_snapshot;
  const [database] = await session.run(backupDatabase, undefined);
  if (typeof id !== 'string' || database === undefined) throw backupErrors.noSnapshot({ database: name });
  const relations = (await session.run(backupRelations, { exact: false })).map((one) => ({
    ...one,
    bytes: sizes.get(one.oid) ?? one.bytes,
  }));
  const selection = await selectRelations(session, relations, request);
  const [large] = await session.run(backupLargeObjects, undefined);
  return {
    session,
    id,
    database,
    selection,
    sequences: await session.run(backupSequences, undefined),
    needs: await session.run(backupNeeds, undefined),
    largeObjects: selection.largeObjects ? (large?.objects ?? 0) : 0,
    passwords: right?.readable === true,
    systemIdentifier: system[0]?.system_identifier ?? null,
    properties,
    spread,
  };
}

/**
 * The encoding of the dump where it may not be the database's own: names in pg_dump's arguments and in the archive,
 * where the rows counted are looked up by them, are UTF-8.
 */
export function namesEncoding({
  database,
  selection,
}: Pick<Snapshot, 'database' | 'selection'>): string | undefined {
  if (['UTF8', 'SQL_ASCII', 'MULE_INTERNAL'].includes(database.encoding)) return undefined;
  const names = selection.defined.flatMap(({ schema, name }) => [schema, name]);
  return [...selection.args, ...names].every((one) => /^[\x20-\x7e]*$/.test(one)) ? undefined : 'UTF8';
}
