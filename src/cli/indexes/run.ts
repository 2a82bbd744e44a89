import { sayRemedies } from '../../app/remedies.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import { DbError, place } from '../../db/errors.ts';
import { statementCounters } from '../../db/queries/statements.ts';
import type { Session } from '../../db/session.ts';
import { catalogAdvice } from '../../health/index-advice.ts';
import { adviseOnWorkload, type WorkloadAdvice } from '../../ops/indexes/advise/advise.ts';
import { reindexTables } from '../../ops/reindex/queries/inventory.ts';
import { resolveRelation } from '../../ops/relations/resolve.ts';
import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { note, print, printJson } from '../output.ts';
import { mergeAdvice } from './merge.ts';
import { countText, printAdvice } from './print.ts';

export interface AdviseFlags {
  readonly json?: boolean;
  readonly table?: readonly string[];
  readonly limit: number;
}

/** Prints what indexes there should be and should not. Throws DbError and OpError. */
export async function runAdvise(options: AdviseFlags, resolved: Resolved): Promise<void> {
  const session = await withPassword(resolved.passwords, () =>
    connect(resolved.target, 'slow', 'pgdeck-advise'),
  );
  try {
    const { server } = session;
    const named = options.table ?? [];
    const all = named.length === 0 ? [] : await session.run(reindexTables, undefined);
    const tables = named.map((text) => resolveRelation(all, text));
    const meant = (schema: string, table: string) =>
      tables.length === 0 || tables.some((one) => one.schema === schema && one.name === table);
    const catalog = await catalogAdvice(session, resolved.thresholds);
    const workload = await workloadAdvice(session, resolved, tables);
    const notKnown = [...catalog.unread, ...notKnownOf(workload)];
    const found = mergeAdvice(
      catalog.advice.filter(({ about }) => meant(about.schema, about.table)),
      'candidates' in workload ? workload.candidates : [],
    );
    const advice = found.slice(0, options.limit);
    const say = await sayRemedies({ findings: advice });
    const since = catalog.statsSince;
    if (options.json === true) {
      const statements = 'candidates' in workload ? workload.statements : null;
      printJson({
        at: new Date().toISOString(),
        server: place(resolved.target),
        standby: server.standby,
        stats_since: since,
        advice: advice.map((one) => ({ ...one, remedy: { ...one.remedy, text: say(one.remedy) } })),
        total: found.length,
        statements,
        not_known: notKnown,
      });
      return;
    }
    print(
      `${place(resolved.target)}  PostgreSQL ${server.version}, ${server.standby ? 'standby' : 'primary'}`,
    );
    print(countText(found));
    print(
      `Scans are counted since ${since === null ? 'nobody knows when' : since.slice(0, 16)}; ${server.standby ? 'this is a standby, which counts its own: the primary may use what it does not.' : 'a standby counts its own: look there before an index is dropped.'}`,
    );
    printAdvice(advice, say);
    if (found.length > advice.length)
      print(`\nand ${found.length - advice.length} more: --limit ${found.length}`);
    if (notKnown.length > 0) print('\nNot known:');
    for (const text of notKnown) print(`  ${cleanLine(text)}`);
  } finally {
    await session.close();
  }
}

type Workload = WorkloadAdvice | { readonly unread: string };

async function workloadAdvice(
  session: Session,
  resolved: Resolved,
  tables: readonly { readonly oid: number }[],
): Promise<Workload> {
  const denied = statementCounters.unavailable?.(session.server);
  if (denied !== undefined)
    return {
      unread: denied.remedy === undefined ? denied.reason : `${denied.reason} To see it: ${denied.remedy}`,
    };
  try {
    return await adviseOnWorkload(session, {
      path: await serverPath(resolved),
      tables: tables.length === 0 ? undefined : new Set(tables.map(({ oid }) => oid)),
      onProgress: (done, of) => note(`${done} of ${plural(of, 'statement')} read`),
    });
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    return { unread: [error.message, error.next].filter(Boolean).join(' ') };
  }
}

/** The search_path of who has none of its own. Throws DbError. */
async function serverPath({ passwords, target }: Resolved): Promise<string> {
  const own = await withPassword(passwords, () =>
    connect({ ...target, readOnly: true }, 'migration', 'pgdeck-advise'),
  );
  try {
    const [row] = await own.sql("SELECT current_setting('search_path') AS path");
    return String(row?.path ?? '');
  } finally {
    await own.close();
  }
}

function notKnownOf(workload: Workload): string[] {
  if ('unread' in workload) return [`What statements look for: ${workload.unread}`];
  const { statements, unresolved, locked, useless } = workload;
  const told: string[] = [];
  if (statements.unread > 0)
    told.push(
      `${plural(statements.unread, 'statement')} could not be read: cut off, hidden, or no SQL that the parser knows.`,
    );
  if (statements.late > 0) told.push(`${plural(statements.late, 'statement')} were not come to in time.`);
  if (unresolved.length > 0) {
    const named = unresolved.slice(0, 5).join(', ');
    told.push(
      `${plural(unresolved.length, 'name')} in statements ${unresolved.length === 1 ? 'is no table' : 'are no tables'} by the search_path of who runs them, or views, and ${unresolved.length === 1 ? 'was' : 'were'} not followed: ${named}${unresolved.length > 5 ? ' …' : ''}`,
    );
  }
  if (locked.length > 0)
    told.push(
      `${locked.join(', ')} ${locked.length === 1 ? 'is' : 'are'} locked exclusively by somebody: which indexes ${locked.length === 1 ? 'it has' : 'they have'} could not be read, and none is advised. See pgdeck show locks, and try again.`,
    );
  if (useless > 0)
    told.push(
      `${plural(useless, 'index')} that statements seem to want made EXPLAIN's cost no lower, and ${useless === 1 ? 'is' : 'are'} not advised.`,
    );
  return told;
}
