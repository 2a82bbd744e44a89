import { quoteIdent, quoteLiteral } from '../../db/ident.ts';

/** For whom something is set: the server, a database, a role, or a role in a database. */
export interface Scope {
  readonly database?: string | undefined;
  readonly role?: string | undefined;
}

/** Whether it is set for the whole server, in a file. */
export function isSystem({ database, role }: Scope): boolean {
  return database === undefined && role === undefined;
}

/** `for the server`, `for the role app in shop`. */
export function whereText({ database, role }: Scope): string {
  if (role !== undefined) return `for the role ${role}${database === undefined ? '' : ` in ${database}`}`;
  return database === undefined ? 'for the server' : `for the database ${database}`;
}

/** `ALTER SYSTEM`, `ALTER ROLE app IN DATABASE shop`. */
function alter({ database, role }: Scope): string {
  if (role !== undefined)
    return `ALTER ROLE ${quoteIdent(role)}${database === undefined ? '' : ` IN DATABASE ${quoteIdent(database)}`}`;
  return database === undefined ? 'ALTER SYSTEM' : `ALTER DATABASE ${quoteIdent(database)}`;
}

/** A setting's name for SQL: one of an extension has a dot in it. */
function nameSql(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z\d_]*$/.test(part) ? part : quoteIdent(part)))
    .join('.');
}

/**
 * The lists whose elements the server quotes one by one: given as one text they would become one element. The list that
 * pg_dump has of them.
 */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);
/** Their elements are names: what is not quoted is in small letters. */
const NAMES = new Set(['search_path', 'temp_tablespaces']);

/** unix_socket_directories takes several values from 14 on. */
function isList(name: string, major: number): boolean {
  return LISTS.has(name) && (name !== 'unix_socket_directories' || major >= 14);
}

/** The elements of a list as it stands in a file (`"$user", public`); undefined where a quote is not closed. */
export function elementsOf(name: string, text: string): string[] | undefined {
  const found: string[] = [];
  const element = /\s*(?:"((?:[^"]|"")*)"|([^\s",][^,]*))\s*(,|$)/gy;
  for (let end = text.trim() === ''; !end; ) {
    const match = element.exec(text);
    if (match === null) return undefined;
    const [, quoted, bare = '', comma] = match;
    if (quoted !== undefined) found.push(quoted.replaceAll('""', '"'));
    else found.push(NAMES.has(name) ? bare.trim().toLowerCase() : bare.trim());
    end = comma === '';
  }
  return found;
}

/** Why a list cannot be read; undefined where it can, and for what is no list. */
export function badList(name: string, text: string): string | undefined {
  if (!LISTS.has(name) || elementsOf(name, text) !== undefined) return undefined;
  return 'it is no list: elements are separated by commas, and what has a comma in it is in double quotes';
}

/** Whether two values are the same as they stand in a file: the server writes the elements of lists in its own way. */
export function isSame(name: string, one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || !LISTS.has(name)) return one === other;
  return (
    one === other ||
    JSON.stringify(elementsOf(name, one) ?? one) === JSON.stringify(elementsOf(name, other) ?? other)
  );
}

/** The statement that sets it. `value` is as it stands in a file, without the quotes around it. */
export function setSql(scope: Scope, name: string, value: string, major: number): string {
  const elements = (isList(name, major) ? elementsOf(name, value) : undefined) ?? [value];
  // of an empty list there is no element to give
  const given = (elements.length === 0 ? [''] : elements).map((one) => quoteLiteral(one).trim());
  return `${alter(scope)} SET ${nameSql(name)} = ${given.join(', ')}`;
}

/** The statement that takes it back. */
export function resetSql(scope: Scope, name: string): string {
  return `${alter(scope)} RESET ${nameSql(name)}`;
}

export const RELOAD = 'SELECT pg_reload_conf()';
