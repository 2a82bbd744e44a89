import { DbError } from '../../db/errors.ts';
import { quoteIdent, quoteLiteral } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { shellWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import { dropLeftover, dropSql } from '../database/drop.ts';
import { findLeftovers, type Leftover } from '../database/leftovers.ts';
import { maintenance } from '../database/maintenance.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { isBusy, type Remains } from './remains.ts';

/** Databases on the server that restores have left, whoever's journal knows of them. */
export async function databases(context: OpContext, handled: ReadonlySet<string>): Promise<Remains[]> {
  const leftovers = await findLeftovers(await anySession(context));
  const remains: Remains[] = [];
  for (const leftover of leftovers)
    if (leftover.run === undefined || !handled.has(leftover.run))
      remains.push(await remainsOf(leftover, context));
  return remains;
}

/** The database that the user has named may be the one that is missing. */
async function anySession(context: OpContext): Promise<Session> {
  try {
    return await context.session('postgres');
  } catch (error) {
    if (error instanceof DbError && ['no_database', 'denied', 'auth'].includes(error.kind))
      return context.session();
    throw error;
  }
}

async function remainsOf(leftover: Leftover, context: OpContext): Promise<Remains> {
  const { database: name, meaning, remedies, run } = leftover;
  const [remedy] = remedies;
  const step =
    remedy === 'drop' ? dropStep(leftover) : remedy === 'rename_back' ? backStep(leftover) : undefined;
  if (step === undefined) return { name, what: `${meaning} ${keptBecause(leftover)}`.trim(), kept: true };
  const plan: Plan = {
    operation: 'recover',
    title: step.title,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { database: name },
    facts: [],
    checks: [],
    steps: [step],
    leaves: ({ done }) =>
      done.has(step.id) ? undefined : `${name} is as it was, or the step was done wholly.`,
    reaches: () => (remedy === 'drop' ? `${name} is dropped.` : `${leftover.target ?? name} is back.`),
    locks: [{ family: 'restore', database: leftover.target ?? name }],
    ...(leftover.slots > 0 && {
      consequence: `${name} has ${plural(leftover.slots, 'logical replication slot')}, dropped with it.`,
    }),
  };
  if (!(await isBusy(plan, context))) return { name, what: meaning, plan };
  const detail = `It is left as it is: another run is working there${run === undefined ? '' : ` (not ${run})`}.`;
  return { name, what: meaning, obstacle: { title: name, status: 'warn', detail } };
}

/** What somebody may want to do with one that stays. */
function keptBecause({ remedies, kind, run, database }: Leftover): string {
  if (remedies[0] === 'show') return 'It is left alone.';
  const name = quoteIdent(database);
  if (kind === 'closed')
    return `It stays. To let clients in: ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`;
  if (kind === 'before' && run !== undefined)
    return `It stays. To put it back: pgdeck undo ${run}. To drop it: pgdeck db drop ${shellWord(database)}`;
  // without a mark nothing says that it is pgdeck's
  return `It stays. To drop it: ${run === undefined ? `DROP DATABASE ${name}` : `pgdeck db drop ${shellWord(database)}`}`;
}

function dropStep(leftover: Leftover): Step {
  return {
    id: 'drop',
    title: `Drop ${leftover.database}`,
    preview: dropSql(leftover).join(';\n'),
    effect:
      leftover.sessions > 0
        ? `ends ${plural(leftover.sessions, 'session')} in it`
        : 'no session is connected to it',
    run: async (io) => dropLeftover(await maintenance(io), leftover),
  };
}

/** The live database is missing: its sealed copy gets its name. */
function backStep({ database, target = database, comment }: Leftover): Step {
  const sql = [
    `ALTER DATABASE ${quoteIdent(database)} RENAME TO ${quoteIdent(target)}`,
    `ALTER DATABASE ${quoteIdent(target)} WITH ALLOW_CONNECTIONS true`,
    `COMMENT ON DATABASE ${quoteIdent(target)} IS ${comment === null ? 'NULL' : quoteLiteral(comment)}`,
  ];
  return {
    id: 'rename-back',
    title: `Make ${database} ${target} again`,
    preview: ['BEGIN', ...sql, 'COMMIT'].join(';\n'),
    effect: `clients can connect to ${target} again`,
    run: async (io) => {
      const session = await maintenance(io);
      await session.sql('BEGIN');
      for (const statement of sql) await session.sql(statement);
      await session.sql('COMMIT');
    },
  };
}
