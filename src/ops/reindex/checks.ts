import { fullName, quoteIdent } from '../../db/ident.ts';
import { type ReindexLeftover, remedyOf } from '../../db/queries/reindex/leftovers.ts';
import { type ReindexWait, reindexWaits } from '../../db/queries/reindex/waits.ts';
import type { Server } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { capital } from '../../text/capital.ts';
import { holderRemedy, holderText } from '../database/holders.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { some } from '../maintain/shared/rights.ts';
import { roomCheck, type TablespaceLocation } from '../maintain/shared/room.ts';
import { type ReindexIndex, reindexTablespace } from './queries/inventory.ts';
import type { Target } from './scope.ts';
import { type Manner, remedySql } from './statement.ts';

/** Named one by one; more are counted. */
const NAMED = 5;
/** A transaction that is younger is somebody's query. */
const OLD_SECONDS = 5;

/** What this version lacks, or does wrong. */
export function versionChecks({ major, version, versionNum }: Server, manner: Manner): Check[] {
  const checks: Check[] = [];
  if (manner.tablespace !== undefined && major < 14)
    checks.push({
      title: 'Options',
      status: 'block',
      detail: `PostgreSQL ${version} has no REINDEX (TABLESPACE): that is from 14 on. Remove it.`,
    });
  // indexes that miss rows: release notes of 14.4
  if (manner.concurrently && versionNum >= 140000 && versionNum < 140004)
    checks.push({
      title: 'Version',
      status: 'block',
      detail: `REINDEX CONCURRENTLY of PostgreSQL ${version} can make indexes that miss rows. Update to 14.4 or later, or use --no-concurrently.`,
    });
  return checks;
}

/** Where the indexes shall be built, and whether they may. Throws DbError. */
export async function tablespaceChecks(
  session: Session,
  name: string | undefined,
): Promise<{ readonly place?: TablespaceLocation; readonly checks: Check[] }> {
  if (name === undefined || session.server.major < 14) return { checks: [] };
  const said = (status: Check['status'], detail: string): Check[] => [
    { title: 'Tablespace', status, detail },
  ];
  const [found] = await session.run(reindexTablespace, { name });
  if (found === undefined)
    return { checks: said('block', `There is no tablespace ${name}. See them with: \\db`) };
  if (found.global)
    return { checks: said('block', 'pg_global is for the catalogs that all databases share. Name another.') };
  if (!found.may)
    return {
      checks: said(
        'block',
        `${session.server.user} may not create anything in ${name}. A superuser can give it: GRANT CREATE ON TABLESPACE ${quoteIdent(name)} TO ${quoteIdent(session.server.user)}`,
      ),
    };
  return {
    place: { tablespace: name, directory: found.directory },
    checks: said('ok', `The indexes are built in ${name}; those of TOAST tables stay where they are.`),
  };
}

/** What can only be rebuilt with locks. */
export function kindChecks(targets: readonly Target[], { concurrently }: Manner): Check[] {
  const checks: Check[] = [];
  const system = targets.filter(({ table }) => table.system || table.shared);
  if (system.length > 0)
    checks.push({
      title: 'System catalogs',
      status: concurrently ? 'block' : 'warn',
      detail: concurrently
        ? `${some(system)} cannot be rebuilt concurrently. Use --no-concurrently.`
        : `While ${some(system)} is rebuilt, every session of the database may have to wait.`,
    });
  if (!concurrently) return checks;
  const exclusion = targets.flatMap((target) =>
    target.indexes.filter((one) => one.exclusion).map((one) => ({ ...one, target })),
  );
  if (exclusion.length > 0)
    checks.push({
      title: 'Exclusion constraints',
      status: exclusion.some(({ target }) => target.kind === 'index') ? 'block' : 'warn',
      detail: `${some(exclusion)} cannot be rebuilt concurrently and ${exclusion.length === 1 ? 'stays' : 'stay'} as it is. Rebuild it with --no-concurrently.`,
    });
  return checks;
}

/** What becomes of it when it is cancelled: rebuilding is less of a right than dropping what is unfinished. */
export function dropChecks(
  { user, rights }: Server,
  targets: readonly Target[],
  { concurrently }: Manner,
): Check[] {
  if (!concurrently) return [];
  const title = 'Cancelling';
  const foreign = targets.filter(({ table }) => !table.owned);
  if (foreign.length > 0)
    return [
      {
        title,
        status: 'warn',
        detail: `${user} may rebuild ${some(foreign)}, and not drop: if that is cancelled, the unfinished copies stay until their owner or a superuser runs pgdeck recover.`,
      },
    ];
  const toast = !rights.superuser && targets.some(({ indexes }) => indexes.some((one) => one.toast));
  const then = toast
    ? 'What is unfinished is removed; a copy of a TOAST index can be removed by a superuser only.'
    : 'What is unfinished is removed.';
  return [{ title, status: 'ok', detail: then }];
}

/** What is invalid already. `locked`: oids of the tables whose indexes are all rebuilt with locks, whatever they are. */
export function leftoverChecks(leftovers: readonly ReindexLeftover[], locked: ReadonlySet<number>): Check[] {
  const title = 'Invalid indexes';
  if (leftovers.length === 0) return [{ title, status: 'ok', detail: 'There are none on these tables.' }];
  return leftovers.map((one): Check => {
    const name = fullName(one.schema, one.name);
    if (one.builder !== null)
      return {
        title,
        status: 'warn',
        detail: `${name} is not valid yet: session ${one.builder} (${one.builder_name || 'unnamed'}) holds its table's lock and may be building it. It is left alone: wait until that is done.`,
      };
    if (remedyOf(one) === 'drop' && !one.may_drop)
      return {
        title,
        // built with the others it would be a second one of the same, and valid
        status: locked.has(one.table_oid) && !one.toast ? 'block' : 'warn',
        detail: `${name} stays: only ${one.toast ? 'a superuser' : `its owner ${one.owner} or a superuser`} may remove it. ${remedySql(one)}`,
      };
    const why = one.copy
      ? 'was left by REINDEX CONCURRENTLY beside an index of the same definition: it is removed'
      : remedyOf(one) === 'drop'
        ? 'was being dropped: that is finished'
        : 'slows writes down and serves no query: it is built again';
    return { title, status: 'warn', detail: `${name} ${why}.` };
  });
}

/** Whom CONCURRENTLY will wait for: transactions that are open, whatever they do. Throws DbError. */
export async function waitChecks(session: Session, oids: readonly number[]): Promise<Check[]> {
  const title = 'Open transactions';
  const waits = (await session.run(reindexWaits, { oids })).filter(
    ({ pid, xact_seconds }) => pid === null || (xact_seconds ?? OLD_SECONDS) >= OLD_SECONDS,
  );
  if (waits.length === 0)
    return [{ title, status: 'ok', detail: 'None is old: CONCURRENTLY waits for those that are open.' }];
  const shown = waits.slice(0, NAMED).map((one): Check => ({ title, status: 'warn', detail: waitText(one) }));
  const more = waits.length - shown.length;
  return more > 0 ? [...shown, { title, status: 'warn', detail: `${more} more are waited for.` }] : shown;
}

function waitText(one: ReindexWait): string {
  const who = holderText(one);
  const what = one.relation === null ? 'an old snapshot' : one.relation.replace(/^public\./, '');
  return `${capital(who)} holds ${what}: it is waited for, however long that takes. ${holderRemedy(one)}`;
}

/**
 * The room for the new indexes, which stand beside the old ones until a step is done. `tablespace`: where they are built
 * instead of where they are; those of TOAST tables stay.
 */
export async function diskChecks(
  targets: readonly Target[],
  tablespace: TablespaceLocation | undefined,
  context: Pick<OpContext, 'host' | 'target'>,
): Promise<Check[]> {
  const needs = new Map<string, { need: number; place: TablespaceLocation }>();
  for (const { indexes } of targets) {
    const places = Map.groupBy(indexes, (one) => placeOf(one, tablespace).tablespace);
    for (const [name, there] of places) {
      const need = there.reduce((sum, one) => sum + one.est_bytes, 0);
      const [one] = there;
      if (one !== undefined && need > (needs.get(name)?.need ?? -1))
        needs.set(name, { need, place: placeOf(one, tablespace) });
    }
  }
  return Promise.all([...needs.values()].map(({ need, place }) => roomCheck(need, place, context)));
}

function placeOf(index: ReindexIndex, tablespace: TablespaceLocation | undefined): TablespaceLocation {
  return index.toast ? index : (tablespace ?? index);
}
