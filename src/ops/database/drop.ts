import { quoteIdent } from '../../db/ident.ts';
import { literalQuery } from '../../db/literal.ts';
import { databaseList } from '../../db/queries/database/facts.ts';
import { subscriptionsIn } from '../../db/queries/database/swap.ts';
import { endRun } from '../../db/queries/signal/run.ts';
import type { Session } from '../../db/session.ts';
import { plural } from '../../text/units.ts';
import { applicationNameOf } from './end-backends.ts';
import { databaseErrors } from './errors.ts';
import type { Leftover, LeftoverKind } from './leftovers.ts';
import { findLeftovers } from './leftovers.ts';
import { readMarker } from './markers.ts';
import { isDerivedName } from './names.ts';

/** Copies from before a swap that are kept. */
export const KEEP_BEFORE = 3;

/** Whether a leftover is the one that was found: a name may be another database's by now. */
async function again(session: Session, { database, oid, kind }: Leftover): Promise<Leftover> {
  const now = (await findLeftovers(session)).find((one) => one.database === database && one.oid === oid);
  if (now === undefined || now.kind !== kind) throw databaseErrors.changed({ database });
  if (now.alive) throw databaseErrors.atWork({ database, why: now.meaning });
  return now;
}

/** Whether it was of use to its run only, so that nobody else can be in it rightly. */
function isWork(kind: LeftoverKind): boolean {
  return kind === 'restoring' || kind === 'verifying' || kind === 'rehearsing';
}

const endRunOf = (run: string) => literalQuery(endRun, { applicationName: applicationNameOf(run) });

/** The statements of {@link dropLeftover}, for the preview. */
export function dropSql({
  database,
  kind,
  run,
  template,
}: Pick<Leftover, 'database' | 'kind' | 'run' | 'template'>): string[] {
  const name = quoteIdent(database);
  const unmade = template ? [`ALTER DATABASE ${name} IS_TEMPLATE false`] : [];
  if (isWork(kind))
    return [
      ...(run === undefined ? [] : [endRunOf(run).text]),
      ...unmade,
      `DROP DATABASE ${name} WITH (FORCE)`,
    ];
  return [...unmade, `DROP DATABASE ${name}`];
}

/**
 * Drops one, after looking again that it still is what it was. What works for a dead run on the server is ended first.
 * A copy from before a swap is dropped even if it is the last: whoever calls this has asked.
 * Throws DbError, OpError.
 */
export async function dropLeftover(session: Session, leftover: Leftover): Promise<void> {
  const { kind, database, run, oid, template } = await again(session, leftover);
  const loading = isWork(kind);
  if (loading && run !== undefined) await session.run(endRunOf(run), undefined);
  const subscriptions = await session.run(subscriptionsIn, { oid });
  const [first] = subscriptions;
  if (first !== undefined) throw databaseErrors.subscription({ database, subscription: first.name });
  await dropDatabase(session, { name: database, is_template: template }, loading ? ' WITH (FORCE)' : '');
}

/** Drops a database, a template too: one that could not be dropped is one again. Throws DbError. */
export async function dropDatabase(
  session: Session,
  { name, is_template }: { readonly name: string; readonly is_template: boolean },
  how = '',
): Promise<void> {
  const database = quoteIdent(name);
  if (is_template) await session.sql(`ALTER DATABASE ${database} IS_TEMPLATE false`);
  try {
    await session.sql(`DROP DATABASE ${database}${how}`);
  } catch (error) {
    if (is_template) await session.sql(`ALTER DATABASE ${database} IS_TEMPLATE true`).catch(() => {});
    throw error;
  }
}

/**
 * Drops the database that a run was loading or trying something in: true. False, and nothing is done, when it is not there
 * or not the run's. Throws DbError.
 */
export async function dropFresh(session: Session, database: string, run: string): Promise<boolean> {
  const row = (await session.run(databaseList, undefined)).find(({ name }) => name === database);
  if (row === undefined) return false;
  const marker = readMarker(row.comment);
  // before it is marked only its name tells it; a name that somebody has chosen may be somebody's database by now
  const ours =
    marker === undefined
      ? row.comment === null && isDerivedName(database)
      : marker.run === run && isWork(marker.pgdeck);
  if (!ours) return false;
  await dropDatabase(session, row, ' WITH (FORCE)');
  return true;
}

export interface Pruned {
  readonly dropped: readonly string[];
  /** Old ones that stay, and why: one sentence each. */
  readonly kept: readonly { readonly database: string; readonly why: string }[];
}

/**
 * The copies from before earlier swaps that are too many: all but the newest `keep`, and never the last one, which is
 * the only way back. Nor one in `inUse`: what is being restored from, or what a run is to be undone to.
 */
export function surplusBefore(
  leftovers: readonly Leftover[],
  live: string,
  { keep = KEEP_BEFORE, inUse = [] }: { readonly keep?: number; readonly inUse?: readonly string[] } = {},
): Leftover[] {
  const copies = leftovers.filter(({ kind, target }) => kind === 'before' && target === live);
  // newest first: the order of the leftovers; without a live database any of them may be the one to go back to
  if (copies.some(({ liveExists }) => !liveExists)) return [];
  return copies.slice(Math.max(keep, 1)).filter(({ database }) => !inUse.includes(database));
}

/** Drops them. One that has slots or subscriptions stays: others depend on it, and somebody has to decide. */
export async function pruneBefore(
  session: Session,
  live: string,
  options: { readonly keep?: number; readonly inUse?: readonly string[] } = {},
): Promise<Pruned> {
  const dropped: string[] = [];
  const kept: { database: string; why: string }[] = [];
  for (const leftover of surplusBefore(await findLeftovers(session), live, options)) {
    const { database, oid, slots, template } = leftover;
    const [subscription] = await session.run(subscriptionsIn, { oid });
    if (slots > 0)
      kept.push({
        database,
        why: `${database} has ${plural(slots, 'logical replication slot')}, which would be dropped with it.`,
      });
    else if (subscription)
      kept.push({
        database,
        why: databaseErrors.subscription({ database, subscription: subscription.name }).message,
      });
    else {
      await dropDatabase(session, { name: database, is_template: template });
      dropped.push(database);
    }
  }
  return { dropped, kept };
}
