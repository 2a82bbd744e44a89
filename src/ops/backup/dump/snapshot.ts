import { quoteLiteral } from '../../../db/ident.ts';
import {
  type BackupDatabase,
  backupDatabase,
  backupLargeObjects,
  backupNeeds,
  backupPasswords,
  backupSystem,
} from '../../../db/queries/backup/facts.ts';
import { restoreSpread } from '../../../db/queries/restore/facts.ts';
import type { Server } from '../../../db/server.ts';
import type { Session } from '../../../db/session.ts';
import { databaseProperties } from '../../database/properties.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { isUnreachable } from '../../engine/run/unreachable.ts';
import { backupErrors } from '../errors.ts';
import { backupRelations, backupSequences } from '../queries/relations.ts';
import type { BackupRequest } from '../request.ts';
import { type Selection, selectRelations } from '../scope/selection.ts';
import { measuredRelations } from '../scope/sizes.ts';
import { anew } from './anew.ts';
import { LOCK_WAIT } from './command.ts';
import { type Hold, heldBy, holdThere, SNAPSHOT_SQL } from './hold.ts';

type RowsOf<Q> = Q extends { readonly row: { readonly _output: infer Row } } ? readonly Row[] : never;

/** The state of a database that a backup holds, and everything the manifest says of it. */
export interface Snapshot {
  readonly hold: Hold;
  readonly server: Server;
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

/** A marker that pgdeck wrote while it restored is no comment of the database's owner. */
const MARKER = /^COMMENT ON DATABASE .* IS E?'\{"pgdeck"/;

/**
 * Exports a snapshot and reads in it what is there. Where a connection is lost on the way it begins anew with another.
 * Throws DbError, {@link OpError}, CommandError.
 */
export function takeSnapshot(io: StepIo, context: OpContext, request: BackupRequest): Promise<Snapshot> {
  return anew(io, context.target, async () => {
    const session = await io.connect(request.database);
    let hold: Hold | undefined;
    try {
      return await read(session, request, async () => {
        hold = await begin(io, context, request, session);
        return hold;
      });
    } catch (error) {
      await hold?.close();
      await session.close();
      throw error;
    }
  });
}

/** Begins the transaction of a snapshot, which is held by the session itself where the programs are on this machine. */
async function begin(
  io: StepIo,
  context: OpContext,
  request: BackupRequest,
  session: Session,
): Promise<Hold> {
  const [sql, exporting] = SNAPSHOT_SQL;
  if (request.clients.host.kind !== 'local') {
    const hold = await holdThere(io, context, request, session.server);
    try {
      await session.sql(sql);
      await session.sql(`SET TRANSACTION SNAPSHOT ${quoteLiteral(hold.id)}`);
      return hold;
    } catch (error) {
      await hold.close();
      throw error;
    }
  }
  await session.sql(sql);
  const [exported] = await session.sql(exporting);
  const id = exported?.pg_export_snapshot;
  if (typeof id !== 'string') throw backupErrors.noSnapshot({ database: request.database });
  return heldBy(session, id);
}

/** What the server may refuse is asked before the transaction: an error within would end it. */
async function read(session: Session, request: BackupRequest, begin: () => Promise<Hold>): Promise<Snapshot> {
  const { database: name } = request;
  const system = await session.run(backupSystem, undefined).catch(withoutIt);
  const [right] = await session.run(backupPasswords, undefined);
  const properties = (await databaseProperties(session, name, name, { comment: true })).filter(
    (sql) => !MARKER.test(sql),
  );
  // sizes are not worth waiting for a lock, let alone losing the snapshot over it
  await session.sql("SET lock_timeout = '1s'");
  const sizes = new Map((await measuredRelations(session)).map(({ oid, bytes }) => [oid, bytes]));
  const spread = await session.run(restoreSpread, undefined).catch(withoutIt);
  await session.sql(`SET lock_timeout = '${LOCK_WAIT}'`);
  const hold = await begin();
  const [database] = await session.run(backupDatabase, undefined);
  if (database === undefined) throw backupErrors.noSnapshot({ database: name });
  const relations = (await session.run(backupRelations, { exact: false })).map((one) => ({
    ...one,
    bytes: sizes.get(one.oid) ?? one.bytes,
  }));
  const selection = await selectRelations(session, relations, request);
  const [large] = await session.run(backupLargeObjects, undefined);
  const snapshot = {
    hold,
    server: session.server,
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
  // all is read: somebody else holds it
  if (hold.there) await session.close();
  return snapshot;
}

/** The server refuses it; a connection that is lost is another matter. */
function withoutIt(error: unknown): [] {
  if (isUnreachable(error)) throw error;
  return [];
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
