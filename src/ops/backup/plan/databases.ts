import { backupDatabases } from '../../../db/queries/backup/facts.ts';
import type { Session } from '../../../db/session.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import { nearest } from '../../relations/names.ts';
import { backupErrors } from '../errors.ts';
import type { BackupInput } from './input.ts';
import { lookAt, type Sight } from './survey.ts';

/** A database that a restore works with says so in its comment; it is no backup's subject. */
const MARKER = /^\{"pgdeck"/;
const LEFT_OUT = 'Left out';

/** Which databases are meant, and what is left out and why. Throws {@link OpError} for one that is not there. */
export async function chooseDatabases(
  session: Session,
  { database, all_databases }: Pick<BackupInput, 'database' | 'all_databases'>,
): Promise<{ databases: string[]; checks: Check[] }> {
  if (all_databases && database.length > 0)
    throw backupErrors.exclusive({ flags: ['--database', '--all-databases'] });
  if (!all_databases && database.length === 0) return { databases: [session.server.database], checks: [] };
  const rows = await session.run(backupDatabases, undefined);
  if (!all_databases) {
    const names = rows.map((row) => row.name);
    for (const name of database)
      if (!names.includes(name))
        throw backupErrors.noDatabase({ database: name, alike: nearest(name, names) });
    return { databases: [...new Set(database)], checks: [] };
  }
  const usable = rows.filter((row) => row.allowed && !MARKER.test(row.comment ?? ''));
  const out = rows.filter((row) => !usable.includes(row));
  if (usable.length === 0) throw backupErrors.noneAllowed({ user: session.server.user });
  return { databases: usable.map((row) => row.name), checks: out.length === 0 ? [] : [leftOut(out)] };
}

/**
 * Looks at one database after the other. Of `all` databases one that is dropped meanwhile is left out, and said. Throws
 * DbError.
 */
export async function lookAtEach(
  context: OpContext,
  databases: readonly string[],
  all: boolean,
): Promise<{ sights: Sight[]; gone: Check[] }> {
  const [only, ...more] = databases;
  if (!all && more.length === 0) return { sights: [await lookAt(await context.session(only))], gone: [] };
  const sights: Sight[] = [];
  const gone: string[] = [];
  for (const database of databases) {
    try {
      sights.push(await lookAlone(context, database));
    } catch (error) {
      if (!all || (await isThere(context, database))) throw error;
      gone.push(database);
    }
  }
  const detail = `${gone.join(', ')}: dropped while this was planned.`;
  return { sights, gone: gone.length === 0 ? [] : [{ title: LEFT_OUT, status: 'warn', detail }] };
}

/** Over a connection that ends with it: a server has more databases than it has slots. */
async function lookAlone(context: OpContext, database: string): Promise<Sight> {
  const session = await context.open('pgdeck-plan', database, 'slow');
  try {
    return await lookAt(session);
  } finally {
    await session.close();
  }
}

async function isThere(context: OpContext, database: string): Promise<boolean> {
  const rows = await (await context.session()).run(backupDatabases, undefined);
  return rows.some(({ name }) => name === database);
}

function leftOut(rows: readonly { readonly name: string; readonly allowed: boolean }[]): Check {
  const denied = rows.filter((row) => !row.allowed).map((row) => row.name);
  const restores = rows.filter((row) => row.allowed).map((row) => row.name);
  const parts = [
    denied.length > 0 ? `${denied.join(', ')}: this role may not connect.` : '',
    restores.length > 0 ? `${restores.join(', ')}: left by restores.` : '',
  ];
  return {
    title: LEFT_OUT,
    status: denied.length > 0 ? 'warn' : 'ok',
    detail: parts.filter(Boolean).join(' '),
  };
}
