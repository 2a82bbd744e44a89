import { DbError } from '../../../db/errors.ts';
import { explain, functionOwners, unexplainable } from '../../../db/explain.ts';
import { quoteIdent } from '../../../db/ident.ts';
import { extension } from '../../../db/server.ts';
import type { Session } from '../../../db/session.ts';
import { type Asker, type Candidate, candidateSql } from './candidates.ts';

/** What EXPLAIN says of a candidate's dearest statement. */
export type Trial =
  | {
      readonly status: 'tested';
      readonly queryid: string;
      /** The planner's costs, without the index and with it. */
      readonly cost_before: number;
      readonly cost_after: number;
    }
  | { readonly status: 'not_tested'; readonly reason: string };

/** A type that a B-tree does not know, a function that is not IMMUTABLE: such an index cannot be made. */
const REFUSED = new Set(['42704', '42P17']);

/** A cost that falls by less may be chance, and is not worth an index. */
const WORTH = 0.9;

export function isWorthIt(trial: Trial): boolean {
  return trial.status === 'not_tested' || trial.cost_after < WORTH * trial.cost_before;
}

/** Partitions that get a hypothetical index; of more, nobody waits for the planner. */
const MOST_PARTS = 200;

/** Why nothing can be tried on this server; undefined where it can. Throws DbError. */
export async function untriable(session: Session): Promise<string | undefined> {
  const { server } = session;
  if (extension(server, 'hypopg') === undefined)
    return 'hypopg is not installed in this database (CREATE EXTENSION hypopg)';
  if (server.pooled) return 'behind a pooler hypothetical indexes may become those of others';
  const owners = await session.run(functionOwners, undefined);
  // its planner would call them with the rights of this role
  if (owners.length > 0)
    return `planning may run functions of ${owners.map(({ rolname }) => rolname).join(', ')} with the rights of ${server.user}`;
  return undefined;
}

/** What is known from the candidates before. */
export interface Before {
  /** By queryid: why a statement could not be planned that waits for a lock, which is not waited for again. */
  readonly locked?: Map<string, string>;
  /** Those that are advised already. */
  readonly rivals?: readonly Candidate[];
}

/**
 * Plans the dearest of the statements with and without the index, which exists for this session's planner only and is
 * gone when this returns; undefined where the server would refuse such an index, or a rival does as much. The statement
 * is never run. Throws DbError when the connection breaks.
 */
export async function tried(
  session: Session,
  candidate: Candidate,
  { locked = new Map(), rivals = [] }: Before = {},
): Promise<Trial | undefined> {
  const schema = quoteIdent(extension(session.server, 'hypopg')?.schema ?? 'public');
  const reasons: string[] = [];
  for (const asker of candidate.askers.slice(0, 3)) {
    const not = locked.get(asker.queryid) ?? unexplainable(asker.text);
    if (not !== undefined) {
      reasons.push(not.replace(/\.$/, ''));
      continue;
    }
    try {
      return await one(session, schema, candidate, asker, rivals);
    } catch (error) {
      if (!(error instanceof DbError) || error.kind === 'lost') throw error;
      const reason = error.message.replace(/\.$/, '');
      reasons.push(reason);
      if (error.code === '55P03') locked.set(asker.queryid, reason);
    }
  }
  return { status: 'not_tested', reason: reasons[0] ?? 'there is no statement to plan' };
}

async function one(
  session: Session,
  schema: string,
  candidate: Candidate,
  asker: Asker,
  rivals: readonly Candidate[],
): Promise<Trial | undefined> {
  const relations = relationsOf(candidate);
  if (relations.length > MOST_PARTS)
    return { status: 'not_tested', reason: `it has ${relations.length} partitions` };
  const cost = async () => costOf(await explain(session, asker.text, asker.path));
  const others = rivals.filter(
    ({ table, askers }) =>
      table.oid === candidate.table.oid && askers.some(({ queryid }) => queryid === asker.queryid),
  );
  const before = await cost();
  try {
    if (!(await imagined(session, schema, candidate))) return undefined;
    const after = await cost();
    if (before === undefined || after === undefined)
      return { status: 'not_tested', reason: 'EXPLAIN tells no cost' };
    const trial: Trial = {
      ...{ status: 'tested', queryid: asker.queryid },
      ...{ cost_before: before, cost_after: after },
    };
    if (others.length === 0 || !isWorthIt(trial)) return trial;
    for (const one of others) await imagined(session, schema, one);
    const both = await cost();
    await session.sql(`SELECT ${schema}.hypopg_reset()`);
    for (const one of others) await imagined(session, schema, one);
    const beside = await cost();
    return both !== undefined && beside !== undefined && both >= WORTH * beside ? undefined : trial;
  } finally {
    await session.sql(`SELECT ${schema}.hypopg_reset()`);
  }
}

/** What holds the rows of its table. */
function relationsOf({ table }: Candidate): readonly { readonly schema: string; readonly name: string }[] {
  const parts: unknown = table.leaves === null ? undefined : JSON.parse(table.leaves);
  return Array.isArray(parts) ? parts.map(([schema, name]: [string, string]) => ({ schema, name })) : [table];
}

/** Makes an index for this session's planner; false where the server would refuse it. Throws DbError. */
async function imagined(session: Session, schema: string, candidate: Candidate): Promise<boolean> {
  try {
    for (const sql of candidateSql(candidate, relationsOf(candidate)))
      await session.sql(`SELECT ${schema}.hypopg_create_index($1)`, [sql]);
    return true;
  } catch (error) {
    if (error instanceof DbError && REFUSED.has(error.code ?? '')) return false;
    throw error;
  }
}

/** Total cost of a plan's top line. */
export function costOf(plan: readonly string[]): number | undefined {
  const found = /\(cost=[\d.]+\.\.([\d.]+) /.exec(plan[0] ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
