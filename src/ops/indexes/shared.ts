import { quoteIdent } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { Doubts, leftOn } from '../concurrently/doubts.ts';
import type { Check, StepIo } from '../engine/plan.ts';
import { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { type IndexFacts, indexFacts } from './queries/facts.ts';

/** What the steps of a run on indexes share. */
export interface Shared {
  readonly sessions: MaintenanceSessions;
  readonly doubts: Doubts;
}

export function newShared(database: string): Shared {
  return { sessions: new MaintenanceSessions(), doubts: new Doubts(database, 'indexes') };
}

/** An index as it is now; undefined where it is gone. Throws DbError. */
export async function factsOf(session: Session, oid: number): Promise<IndexFacts | undefined> {
  return (await session.run(indexFacts, { oids: [oid], tables: [] }))[0];
}

/** Only its owner may create an index on a table, or drop one. */
export function ownerChecks(
  session: Session,
  doing: string,
  things: readonly { readonly shown: string; readonly owner: string; readonly owned: boolean }[],
): Check[] {
  const { user } = session.server;
  const foreign = things.filter(({ owned }) => !owned);
  if (foreign.length === 0) return [{ title: 'Rights', status: 'ok', detail: `${user} may ${doing}.` }];
  return foreign.map(({ shown, owner }) => ({
    title: 'Rights',
    status: 'block',
    detail: `${user} may not ${doing}: ${shown} belongs to ${owner}. Connect as ${quoteIdent(owner)}, or as a superuser.`,
  }));
}

/** Whether a step has left something that is not finished; where it has not, nothing is to be taken back. */
export async function nothingLeft(io: StepIo, { sessions, doubts }: Shared, id: string): Promise<boolean> {
  const doubt = doubts.of(id);
  if (doubt === undefined) return true;
  const { left, built } = await leftOn(await sessions.watcher(io), [doubt]);
  if (left.length + built.length > 0) return false;
  doubts.settle(io, id);
  return true;
}
