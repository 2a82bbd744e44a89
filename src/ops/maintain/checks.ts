import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { type MaintainMeasure, maintainMeasure } from './queries/measure.ts';
import { roomCheck } from './shared/room.ts';
import type { MaintainWork } from './work.ts';

/** What the server itself must be like, and the way to it. Throws DbError. */
export async function serverChecks(context: OpContext, session: Session): Promise<Check[]> {
  if (session.server.standby)
    return [
      {
        title: 'Server',
        status: 'block',
        detail: 'It is a standby, which is maintained by its primary. Connect to the primary.',
      },
    ];
  return poolerChecks(context, session);
}

export type Measures = ReadonlyMap<number, MaintainMeasure>;

/** What the tables are like now; nothing of them where one is being locked at this moment. Throws DbError. */
export async function measured(session: Session, oids: readonly number[]): Promise<Measures> {
  try {
    return new Map((await session.run(maintainMeasure, { oids })).map((one) => [one.oid, one]));
  } catch (error) {
    if (error instanceof DbError && error.kind === 'busy') return new Map();
    throw error;
  }
}

/** The room that rewriting takes. */
export interface Room {
  /** Bytes that each rewrite takes until it is done. */
  readonly room: ReadonlyMap<MaintainWork, number>;
  readonly checks: readonly Check[];
}

/**
 * A table is written anew beside the old one, and its indexes with it; the old files go when it is done.
 */
export async function roomOf(
  works: readonly MaintainWork[],
  measures: Measures,
  context: Pick<OpContext, 'host' | 'target'>,
): Promise<Room> {
  const full = works.filter(({ options }) => options.full);
  const room = new Map<MaintainWork, number>();
  const places = new Map<string, { need: number; at: MaintainMeasure }>();
  for (const work of full) {
    const found = work.touched.flatMap(({ oid }) => measures.get(oid) ?? []);
    const need = found.reduce((sum, one) => sum + (one.total_bytes ?? 0), 0);
    const [at] = found;
    if (at === undefined || found.some(({ busy }) => busy)) continue;
    room.set(work, need);
    if (need > (places.get(at.tablespace)?.need ?? -1)) places.set(at.tablespace, { need, at });
  }
  const checks: Check[] = [];
  for (const { need, at } of places.values()) checks.push(await roomCheck(need, at, context));
  return { room, checks };
}
