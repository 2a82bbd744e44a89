import { quoteIdent, quoteLiteral } from '../../db/ident.ts';
import { type DatabaseFacts, databaseFacts } from '../../db/queries/database/facts.ts';
import type { Session } from '../../db/session.ts';
import type { StepIo } from '../engine/plan.ts';
import { databaseErrors } from './errors.ts';
import { type Marker, writeMarker } from './markers.ts';

/** What a new database is made like. */
export type Likeness = Pick<
  DatabaseFacts,
  'encoding' | 'lc_collate' | 'lc_ctype' | 'provider' | 'locale' | 'icu_rules'
> & {
  readonly owner?: string;
  /** Where it is not to be in the tablespace that databases get by themselves. */
  readonly tablespace?: string;
};

export interface Beside {
  /** The database it is made like: encoding, locale, owner, tablespace, and closed to whom that one is closed. */
  readonly live: string;
  /** Its name; see {@link file://./names.ts}. */
  readonly fresh: string;
  readonly marker: Pick<Marker, 'pgdeck' | 'target' | 'run'>;
}

/**
 * Creates an empty database like a live one and marks it, so that a crash leaves nothing that cannot be told. `session`
 * must be in neither. Throws DbError, OpError. Crash point: `create:created`, before it is marked.
 */
export async function createBeside(
  io: StepIo,
  session: Session,
  { live, fresh, marker }: Beside,
): Promise<void> {
  const facts = await databaseOf(session, live);
  await createMarked(io, session, { fresh, like: likenessOf(facts), marker, open: facts.open_to_all });
}

export interface Marked extends Pick<Beside, 'fresh' | 'marker'> {
  readonly like: Likeness;
  /** Everybody may connect; otherwise only its owner and superusers. */
  readonly open: boolean;
}

/** {@link createBeside} for a database that is like none on this server: what it is like comes from a manifest. */
export async function createMarked(
  io: StepIo,
  session: Session,
  { fresh, like, marker, open }: Marked,
): Promise<void> {
  io.record({ created: { database: fresh, target: marker.target, kind: marker.pgdeck } });
  const [create, ...rest] = markedSql({ fresh, like, marker, open });
  await session.sql(create);
  io.crashPoint('create:created');
  for (const statement of rest) await session.sql(statement);
}

/** The statements of {@link createMarked}. */
function markedSql({ fresh, like, marker, open }: Marked): [create: string, ...rest: string[]] {
  return [
    createSql(fresh, like),
    commentSql(fresh, writeMarker({ ...marker, comment: null })),
    // what will be loaded is somebody's data: nobody may look who could not look there
    ...(open ? [] : [`REVOKE CONNECT ON DATABASE ${quoteIdent(fresh)} FROM PUBLIC`]),
  ];
}

export function markedPreview(marked: Marked): string {
  return markedSql(marked)
    .map((sql) => `${sql};`)
    .join('\n');
}

/** What there is to know of a database. Throws {@link OpError} when there is none of that name. */
export async function databaseOf(session: Session, database: string): Promise<DatabaseFacts> {
  const [facts] = await session.run(databaseFacts, { database });
  if (facts === undefined) throw databaseErrors.noDatabase({ database });
  return facts;
}

export function likenessOf(facts: DatabaseFacts): Likeness {
  const { tablespace, common_tablespace, ...rest } = facts;
  // naming the common one would ask for a privilege on it that owners of databases do not have
  return common_tablespace ? rest : { ...rest, tablespace };
}

/**
 * CREATE DATABASE from template0, the only template that takes any encoding and locale. Facts that the server does not
 * know (no provider before 15, no rules before 16) are null and left out.
 */
export function createSql(database: string, like: Likeness): string {
  const literal = (text: string) => quoteLiteral(text).trim();
  const parts = [`CREATE DATABASE ${quoteIdent(database)} TEMPLATE template0`];
  if (like.owner !== undefined) parts.push(`OWNER ${quoteIdent(like.owner)}`);
  parts.push(
    `ENCODING ${literal(like.encoding)}`,
    `LC_COLLATE ${literal(like.lc_collate)}`,
    `LC_CTYPE ${literal(like.lc_ctype)}`,
  );
  // named even if it is libc: the provider of template0 may be another one
  const provider = PROVIDERS[like.provider ?? ''];
  if (provider !== undefined) {
    parts.push(`LOCALE_PROVIDER ${provider.name}`);
    if (provider.locale !== undefined && like.locale !== null)
      parts.push(`${provider.locale} ${literal(like.locale)}`);
    if (like.icu_rules !== null) parts.push(`ICU_RULES ${literal(like.icu_rules)}`);
  }
  if (like.tablespace !== undefined) parts.push(`TABLESPACE ${quoteIdent(like.tablespace)}`);
  return parts.join(' ');
}

const PROVIDERS: Readonly<Record<string, { readonly name: string; readonly locale?: string }>> = {
  c: { name: 'libc' },
  i: { name: 'icu', locale: 'ICU_LOCALE' },
  b: { name: 'builtin', locale: 'BUILTIN_LOCALE' },
};

/** Writes a marker on a database. Throws DbError. */
export async function mark(session: Session, database: string, marker: Marker): Promise<void> {
  await comment(session, database, writeMarker(marker));
}

/** Writes a database's comment, in place of a marker for instance; null removes it. Throws DbError. */
export async function comment(session: Session, database: string, text: string | null): Promise<void> {
  await session.sql(commentSql(database, text));
}

function commentSql(database: string, text: string | null): string {
  return `COMMENT ON DATABASE ${quoteIdent(database)} IS ${text === null ? 'NULL' : quoteLiteral(text).trim()}`;
}
