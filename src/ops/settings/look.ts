import { DbError } from '../../db/errors.ts';
import {
  type FileRow,
  type ScopeRow,
  settingFiles,
  settingList,
  settingScopes,
} from '../../db/queries/settings/listed.ts';
import type { Session } from '../../db/session.ts';
import { isAutoConf, listSettings, type Setting } from '../../db/settings/list.ts';
import type { OpContext } from '../engine/operation.ts';
import { settingErrors } from './errors.ts';
import { isSystem, type Scope } from './scope.ts';

/** What a server says of its settings. */
export interface Listed {
  readonly settings: readonly Setting[];
  /** Undefined where this role may not read them. */
  readonly files: readonly FileRow[] | undefined;
  readonly scopes: readonly ScopeRow[];
}

/** Reads all settings. Over a `plain` session none of them is that session's own. Throws DbError. */
export async function readSettings(session: Session): Promise<Listed> {
  const [rows, files, scopes] = await Promise.all([
    session.run(settingList, undefined),
    session.server.rights.superuser ? session.run(settingFiles, undefined) : undefined,
    session.run(settingScopes, undefined),
  ]);
  return { settings: listSettings(rows, files, scopes), files, scopes };
}

/**
 * Looks with a session of its own that asks for nothing for itself, and has what every new one gets. Where that is a
 * statement_timeout that leaves no time to look, one that has its own looks instead. Throws DbError.
 */
export async function withPlain<T>(context: OpContext, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await withSession(context, 'plain', work);
  } catch (error) {
    if (!(error instanceof DbError) || error.code !== '57014') throw error;
    return withSession(context, 'operation', work);
  }
}

async function withSession<T>(
  context: OpContext,
  purpose: 'plain' | 'operation',
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await context.open('pgdeck-settings', undefined, purpose);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** What stands where something is set; `value` undefined: nothing. Null: this role may not know. */
export type Entry = { readonly value: string | undefined } | null;

/** What is written for a scope now, as it stands there. */
export function entryOf({ settings, files, scopes }: Listed, scope: Scope, name: string): Entry {
  const wanted = name.toLowerCase();
  if (!isSystem(scope)) {
    const { database = null, role = null } = scope;
    const row = scopes.find(
      (one) => one.role === role && one.database === database && one.name.toLowerCase() === wanted,
    );
    return { value: row?.value };
  }
  if (files !== undefined) {
    // of files with a line that cannot be read the server tells that line, and no other
    if (files.some((one) => one.name === null)) return null;
    const line = files.findLast((one) => isAutoConf(one.sourcefile) && one.name?.toLowerCase() === wanted);
    return { value: line?.value ?? undefined };
  }
  const setting = settings.find((one) => one.name.toLowerCase() === wanted);
  // without the files only that which holds tells: from another place, it is not in this one, which is read last
  if (setting === undefined || setting.pending_restart) return null;
  if (setting.from === 'default') return { value: undefined };
  if (setting.from === 'alter system') return { value: withUnit(setting) };
  return setting.from === 'file' && setting.sourcefile !== null ? { value: undefined } : null;
}

function withUnit({ value, unit }: Setting): string | undefined {
  if (value === null) return undefined;
  return unit !== null && /^[A-Za-z]+$/.test(unit) && Number(value) > 0 ? `${value}${unit}` : value;
}

/** The setting of a name, however its letters are written; a name of an extension that is not loaded has none. Throws OpError. */
export function settingOf({ settings }: Listed, name: string): Setting | undefined {
  const wanted = name.toLowerCase();
  const found = settings.find((one) => one.name.toLowerCase() === wanted);
  if (found !== undefined || /^[a-z_][\w$]*(\.[a-z_][\w$]*)+$/i.test(name)) return found;
  const like = settings.map((one) => one.name).filter((one) => isLike(one.toLowerCase(), wanted));
  throw settingErrors.unknown({ name, like: like.slice(0, 5) });
}

/** One holds the other, or they differ in a letter or two. */
function isLike(name: string, wanted: string): boolean {
  if (wanted.length < 3) return false;
  return name.includes(wanted) || wanted.includes(name) || distance(name, wanted) <= 2;
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + Number(b[j - 1] !== letter),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
