import { type DatabaseListRow, databaseList } from '../../db/queries/database/facts.ts';
import { runLockHolders } from '../../db/queries/database/swap.ts';
import type { Session } from '../../db/session.ts';
import { readMarker } from './markers.ts';
import { isDerivedName } from './names.ts';

/** What a database is that a restore, or something like one, has left. */
export type LeftoverKind =
  /** Being loaded, or was when the run died. */
  | 'restoring'
  /** Loaded for a test of a backup. */
  | 'verifying'
  /** Migrations were tried in it. */
  | 'rehearsing'
  /** The old database after a swap. */
  | 'before'
  /** What had been swapped in, after the undo. */
  | 'rolledback'
  /** Named like one of ours, without a marker: a run died between making and marking it. */
  | 'unmarked'
  /** Nobody may connect, and pgdeck has not sealed it. */
  | 'closed'
  /** A DROP DATABASE was interrupted: nothing but another one is possible. */
  | 'dropping';

/**
 * What can be done with it. `show`: a run is at work; `drop`: it is of no use; `keep`; `undo`: put it back in the
 * place of the live one; `rename_back`: there is no live one; `reopen`: let clients in.
 */
export type Remedy = 'show' | 'drop' | 'keep' | 'undo' | 'rename_back' | 'reopen';

export interface Leftover {
  readonly kind: LeftoverKind;
  readonly database: string;
  readonly oid: number;
  /** The database it belongs to; undefined where nothing says. */
  readonly target: string | undefined;
  /** The run that made it; undefined where nothing says. */
  readonly run: string | undefined;
  /** The comment of the database that its marker stands in for. */
  readonly comment: string | null;
  /** The run that made it is at work. */
  readonly alive: boolean;
  /** There is a database of the target's name. */
  readonly liveExists: boolean;
  /** Somebody has made it a template: such a database is not dropped as it is. */
  readonly template: boolean;
  readonly sessions: number;
  /** Logical replication slots: they keep WAL, and are dropped with it. */
  readonly slots: number;
  /** One sentence. */
  readonly meaning: string;
  /** The first is what is done unless somebody wants otherwise. */
  readonly remedies: readonly Remedy[];
}

const LOCK_HOLDER = 'pgdeck-lock:';

/**
 * Finds what restores have left on the server, and what looks like it. A run is at work while the session lives that
 * holds its locks; so whoever marks a database must hold one. Newest first within a target. Throws DbError.
 */
export async function findLeftovers(session: Session): Promise<Leftover[]> {
  const [databases, holders] = await Promise.all([
    session.run(databaseList, undefined),
    session.run(runLockHolders, { prefix: LOCK_HOLDER }),
  ]);
  const atWork = new Set(holders.map(({ application_name }) => application_name.slice(LOCK_HOLDER.length)));
  const names = new Set(databases.map(({ name }) => name));
  const found: Leftover[] = [];
  for (const row of databases) {
    const marker = readMarker(row.comment);
    const kind = kindOf(row, marker?.pgdeck);
    if (kind === undefined) continue;
    const alive = marker !== undefined && atWork.has(marker.run);
    const liveExists = marker === undefined || names.has(marker.target);
    found.push({
      kind,
      database: row.name,
      oid: row.oid,
      target: marker?.target,
      run: marker?.run,
      comment: marker?.comment ?? null,
      alive,
      liveExists,
      template: row.is_template,
      sessions: row.sessions,
      slots: row.slots,
      ...judge(kind, { name: row.name, target: marker?.target ?? '', alive, liveExists }),
    });
  }
  return found.sort(
    (a, b) =>
      compare(a.target ?? a.database, b.target ?? b.database) ||
      compare(b.run ?? '', a.run ?? '') ||
      compare(a.database, b.database),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function kindOf(row: DatabaseListRow, marked: LeftoverKind | undefined): LeftoverKind | undefined {
  if (row.connection_limit === -2) return 'dropping';
  if (marked !== undefined) return marked;
  if (isDerivedName(row.name) && row.comment === null) return 'unmarked';
  return row.allows_connections || row.is_template ? undefined : 'closed';
}

interface Circumstances {
  readonly name: string;
  readonly target: string;
  readonly alive: boolean;
  readonly liveExists: boolean;
}

function judge(
  kind: LeftoverKind,
  { name, target, alive, liveExists }: Circumstances,
): Pick<Leftover, 'meaning' | 'remedies'> {
  if (kind === 'dropping')
    return {
      meaning: `A DROP DATABASE of ${name} was interrupted; it cannot be used any more.`,
      remedies: ['drop'],
    };
  if (alive)
    return {
      meaning:
        kind === 'rehearsing'
          ? `Migrations or a structure are tried for ${target} in it, by a run that is at work.`
          : `A restore of ${target} is running.`,
      remedies: ['show'],
    };
  switch (kind) {
    case 'restoring':
      return {
        meaning: `A restore of ${target} ended before it was swapped in; it may hold a part only.`,
        remedies: ['drop'],
      };
    case 'verifying':
      return { meaning: `A test restore of ${target} ended before it was removed.`, remedies: ['drop'] };
    case 'rehearsing':
      return {
        // a check of the schema leaves no record of its own
        meaning: `What tried migrations or a structure for ${target} in it, without its rows, ended before it was removed.`,
        remedies: ['drop'],
      };
    case 'unmarked':
      return {
        meaning: `${name} is named like one that a run makes, and nothing on it says whose it is.`,
        remedies: ['keep', 'drop'],
      };
    case 'closed':
      return { meaning: `${name} lets nobody connect.`, remedies: ['keep', 'reopen'] };
    case 'before':
      return liveExists
        ? { meaning: `${target} as it was before a restore or a reset.`, remedies: ['keep', 'undo', 'drop'] }
        : {
            meaning: `There is no ${target}: this is what it was before a restore or a reset.`,
            remedies: ['rename_back', 'keep'],
          };
    case 'rolledback':
      return liveExists
        ? {
            meaning: `What had been restored to ${target}, before that was undone.`,
            remedies: ['keep', 'undo', 'drop'],
          }
        : {
            meaning: `There is no ${target}: this is what had been restored to it.`,
            remedies: ['rename_back', 'keep'],
          };
  }
}

/** Which of the two has the name of the live database, told by OID. */
export type SwapState =
  /** As before the swap. */
  | 'old'
  | 'new'
  /** Neither of the two: somebody else has changed names since. */
  | 'other';

export async function swapState(
  session: Session,
  swap: { readonly live: string; readonly oldOid: number; readonly newOid: number },
): Promise<SwapState> {
  const live = (await session.run(databaseList, undefined)).find(({ name }) => name === swap.live);
  if (live?.oid === swap.oldOid) return 'old';
  return live?.oid === swap.newOid ? 'new' : 'other';
}
