import { readable } from '../../db/explain/text.ts';
import { unexplainable } from '../../db/explain.ts';
import { quoteIdent } from '../../db/ident.ts';
import { statementEntries } from '../../db/queries/statements.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import { readText } from '../migrate/files/text.ts';
import { loadParser } from '../sql/parser.ts';
import { explainErrors } from './errors.ts';

/** Which statement is meant: one of the three. */
export interface Wish {
  readonly sql?: string | undefined;
  readonly file?: string | undefined;
  /** A query id of pg_stat_statements. */
  readonly statement?: string | undefined;
}

/** One statement, and where it belongs. */
export interface Subject {
  readonly text: string;
  readonly database: string;
  /** The search_path that its names are looked for in; undefined: that of the role that asks. */
  readonly path: string | undefined;
  /** Who ran it, in words, where that is somebody else: what it means may be another thing for them. */
  readonly ranBy: string | undefined;
  /** What it is, for people: `statement 4711`, the file's name. */
  readonly name: string;
}

/** Finds the statement, and sees that it is one that can be explained. Throws OpError and DbError. */
export async function subjectOf(wish: Wish, context: OpContext): Promise<Subject> {
  const given = [wish.sql, wish.file, wish.statement].filter((one) => one !== undefined && one !== '');
  if (given.length === 0) throw explainErrors.nothing();
  if (given.length > 1) throw explainErrors.several();
  const subject = await found(wish, context);
  const n = await statementsIn(subject.text);
  if (n !== undefined && n > 1) throw explainErrors.many({ n });
  const why = unexplainable(subject.text);
  if (why !== undefined) throw explainErrors.unexplainable({ why });
  return subject;
}

async function found({ sql, file, statement }: Wish, context: OpContext): Promise<Subject> {
  const here = { database: context.target.database, path: undefined, ranBy: undefined };
  if (statement) return entryOf(statement, context);
  if (file) {
    const read = await readText(context.here, context.here.files.resolve(file));
    if (!read.ok) throw explainErrors.unread({ file, why: read.error });
    return { ...here, text: read.text, name: file.split('/').at(-1) ?? file };
  }
  return { ...here, text: sql ?? '', name: 'the statement' };
}

/** What bigint holds: query ids are signed. */
const ID = /^-?\d{1,19}$/;

async function entryOf(id: string, context: OpContext): Promise<Subject> {
  if (!ID.test(id) || BigInt.asIntN(64, BigInt(id)) !== BigInt(id)) throw explainErrors.badId({ given: id });
  const session = await context.session();
  const denied = statementEntries.unavailable?.(session.server);
  if (denied) throw explainErrors.noStatements({ reason: denied.reason, remedy: denied.remedy });
  const [entry] = await session.run(statementEntries, { queryid: id });
  if (entry === undefined)
    throw explainErrors.unknown({ id, partial: statementEntries.partial?.(session.server)?.reason });
  if (entry.query === null) throw explainErrors.unseen({ id });
  if (entry.database === null) throw explainErrors.gone({ id });
  const role = entry.role ?? `a role that is gone (${entry.userid})`;
  return {
    text: entry.query,
    database: entry.database,
    path: entry.search_path === null ? `${quoteIdent(role)}, public` : pathFor(entry.search_path, role),
    ranBy: `${role} in ${entry.database}`,
    name: `statement ${id}`,
  };
}

/** `$user` is who asks, and was who ran it. */
function pathFor(path: string, role: string): string {
  return path.replace(/"\$user"|\$user/g, () => quoteIdent(role));
}

/** How many statements are in a text; undefined where the parser does not read it: then the server says. */
async function statementsIn(text: string): Promise<number | undefined> {
  const parser = await loadParser();
  try {
    return parser.parse(readable(text)).stmts?.length ?? 0;
  } catch {
    return undefined;
  }
}

/** SQLSTATEs of a name that is not found: 42P01 relation, 42883 function, 42704 type, 42703 column, 3F000 schema. */
const UNKNOWN_NAME = new Set(['42P01', '42883', '42704', '42703', '3F000']);

/** Why a plan could not be had may be that it is not known what names meant to who ran it. */
export function failureText(
  subject: Pick<Subject, 'ranBy'>,
  error: { code?: string | undefined; message: string },
): string {
  if (subject.ranBy === undefined || !UNKNOWN_NAME.has(error.code ?? '')) return error.message;
  return `${error.message} It was run by ${subject.ranBy}, with a search_path, or a temporary table, that the server does not keep.`;
}

/** The search_path that a session of this role begins with in a database. Throws DbError. */
export async function ownPath(
  context: OpContext,
  database: string,
): Promise<{ session: Session; path: string }> {
  const session = await context.session(database, 'migration');
  const [row] = await session.sql("SELECT current_setting('search_path') AS path");
  return { session, path: String(row?.path ?? '') };
}
