import { type HorizonRow, horizonHolders, isOfDatabase } from '../../db/queries/horizon.ts';
import type { Session } from '../../db/session.ts';
import { uncapital } from '../../text/capital.ts';
import { count, duration, roughly } from '../../text/units.ts';
import type { Check } from '../engine/plan.ts';

/** A snapshot that is younger is somebody's query. */
const OLD_SECONDS = 300;
/** So many are described, the others only named. */
const NAMED = 3;
/** Fewer dead rows, or a smaller share of them, are those that died in the meantime. */
const STAYED_ROWS = 1_000;
const STAYED_SHARE = 0.2;

/** Who keeps dead rows from being removed: VACUUM would run and achieve little. Throws DbError. */
export async function horizonChecks(session: Session): Promise<Check[]> {
  const { tables, catalogs } = await inTheWay(session);
  const holders = [...tables, ...catalogs].filter(
    ({ xids, seconds }) => (xids ?? 0) > 0 && (seconds ?? Number.POSITIVE_INFINITY) >= OLD_SECONDS,
  );
  const named = holders
    .slice(0, NAMED)
    .map(
      (one) =>
        `${nameOf(one)} still sees rows ${one.catalogs_only ? 'of the system catalogs ' : ''}that died in the last ${count(one.xids)} transaction${one.xids === 1 ? '' : 's'}${since(one)}: those stay.${one.catalogs_only ? '' : ' End it first.'}`,
    );
  // ending those that are named is not enough
  const others = holders.slice(NAMED).map(({ kind, id }) => `${kind} ${id}`);
  const more = others.length > 0 ? [`Such rows stay for others as well: ${others.join(', ')}.`] : [];
  return [...named, ...more].map((detail) => ({ title: 'Dead rows', status: 'warn', detail }));
}

/** Dead rows of a table before VACUUM and after. */
export interface Dead {
  readonly name: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** What to say of dead rows that VACUUM could not remove, and of who sees them; nothing of a few. Throws DbError. */
export async function stayed(session: Session, tables: readonly Dead[]): Promise<string[]> {
  const many = tables.filter(
    ({ before, after }) => after !== null && after >= STAYED_ROWS && after >= (before ?? 0) * STAYED_SHARE,
  );
  if (many.length === 0) return [];
  const [holder] = (await inTheWay(session)).tables;
  const why =
    holder === undefined
      ? 'whoever could still see them has ended by now. Vacuum it again.'
      : `${uncapital(nameOf(holder))} could still see them${since(holder)}. End it, and vacuum again.`;
  return many.map(
    ({ name, after }) =>
      `${roughly(after ?? 0, 'dead row')} of ${name} ${after === 1 ? 'stays' : 'stay'}: ${why}`,
  );
}

interface InTheWay {
  readonly tables: readonly HorizonRow[];
  /** Logical slots: for them rows of tables go. */
  readonly catalogs: readonly HorizonRow[];
}

/** What holds rows of this database, the oldest first; a snapshot of another one does not. */
async function inTheWay(session: Session): Promise<InTheWay> {
  const holders = await session.run(horizonHolders, { limit: 20 });
  return {
    tables: holders.filter((one) => isOfDatabase(one, session.server.database)),
    catalogs: holders.filter(({ catalogs_only }) => catalogs_only),
  };
}

function nameOf({ kind, id, detail }: HorizonRow): string {
  return `The ${kind} ${id}${detail ? ` (${detail})` : ''}`;
}

function since({ seconds }: HorizonRow): string {
  return seconds === null ? '' : `, for ${duration(seconds)}`;
}
