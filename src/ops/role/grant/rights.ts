import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import {
  actsAs,
  type DefaultRight,
  defaultRights,
  type GrantDatabase,
  type GrantSchema,
  grantDatabase,
  grantSchemas,
  type MissingRight,
  missingRights,
} from '../queries/grants.ts';
import type { RoleFacts } from '../queries/roles.ts';

/** What a role can be given, by what it is for. */
export const KINDS = ['owner', 'read-write', 'read-only', 'monitor'] as const;
export type GrantKind = (typeof KINDS)[number];

type Objects = 'TABLE' | 'SEQUENCE' | 'ROUTINE';
type Rights = Readonly<Record<Objects, readonly string[]>>;

const READ: Rights = { TABLE: ['SELECT'], SEQUENCE: ['SELECT'], ROUTINE: [] };
const WRITE: Rights = {
  TABLE: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  SEQUENCE: ['USAGE', 'SELECT', 'UPDATE'],
  ROUTINE: ['EXECUTE'],
};
const OWN: Rights = {
  TABLE: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
  SEQUENCE: ['USAGE', 'SELECT', 'UPDATE'],
  ROUTINE: ['EXECUTE'],
};
const NONE: Rights = { TABLE: [], SEQUENCE: [], ROUTINE: [] };

export const rightsOf = (kind: GrantKind): Rights =>
  ({ owner: OWN, 'read-write': WRITE, 'read-only': READ, monitor: NONE })[kind];

/** A statement, and the one that takes exactly it back. */
export interface Grant {
  readonly sql: string;
  readonly back: string;
}

/** What is there of what is to be granted. */
export interface Look {
  readonly database: GrantDatabase;
  /** Those that were named, or all of them. */
  readonly schemas: readonly GrantSchema[];
  /** Named, and not there. */
  readonly unknown: readonly string[];
  readonly missing: readonly MissingRight[];
  readonly defaults: readonly DefaultRight[];
  /** Owners whose new objects this role can have granted by themselves. */
  readonly reachable: ReadonlySet<string>;
  readonly superusers: ReadonlySet<string>;
}

/** Looks at what a role has and lacks. Reads only. Throws DbError. */
export async function lookAt(
  session: Session,
  { oid }: Pick<RoleFacts, 'oid'>,
  kind: GrantKind,
  wanted: readonly string[],
): Promise<Look> {
  const [database] = await session.run(grantDatabase, { oid });
  const all = await session.run(grantSchemas, { oid });
  const schemas = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
  const rights = Object.entries(rightsOf(kind)).flatMap(([objects, list]) =>
    list.map((right) => `${objects} ${right}`),
  );
  const names = schemas.map(({ name }) => name);
  const missing =
    rights.length === 0 ? [] : await session.run(missingRights, { oid, schemas: names, rights });
  const owners = [...new Set(schemas.flatMap(({ owner, owners: more }) => [owner, ...more]))];
  const acting = await session.run(actsAs, { roles: owners });
  return {
    database: database as GrantDatabase,
    schemas,
    unknown: wanted.filter((name) => !all.some((one) => one.name === name)),
    missing,
    defaults: await session.run(defaultRights, { oid }),
    reachable: new Set(acting.flatMap(({ role, may }) => (may ? [role] : []))),
    superusers: new Set(acting.flatMap(({ role, superuser }) => (superuser ? [role] : []))),
  };
}

/** Objects in one statement: a list of thousands is not read by anybody, nor sent at once. */
const TOGETHER = 100;

/** The statements that give a role what it lacks; none of what it has, so that what takes them back takes only that. */
export function grantsOf(look: Look, role: RoleFacts, kind: GrantKind, major: number): Grant[] {
  const { database } = look;
  const to = quoteIdent(role.name);
  const pair = (what: string, on = ''): Grant => ({
    sql: `GRANT ${what}${on} TO ${to}`,
    back: `REVOKE ${what}${on} FROM ${to}`,
  });
  const member = (group: string): Grant => {
    const { sql, back } = pair(quoteIdent(group));
    // from 16 on a membership says itself whether its rights are there without SET ROLE
    return { sql: major >= 16 ? `${sql} WITH INHERIT TRUE, SET TRUE` : sql, back };
  };
  const onDatabase = [
    ...(database.has_connect ? [] : ['CONNECT']),
    ...(kind === 'owner' && !database.has_create ? ['CREATE'] : []),
    ...(kind === 'owner' && !database.has_temporary ? ['TEMPORARY'] : []),
  ];
  const grants: Grant[] =
    onDatabase.length === 0 ? [] : [pair(onDatabase.join(', '), ` ON DATABASE ${quoteIdent(database.name)}`)];
  if (kind === 'monitor') return [...grants, ...(database.has_monitor ? [] : [member('pg_monitor')])];
  // what owns the database may do everything with what it owns; a superuser's rights are not given away
  if (kind === 'owner' && !database.acts_as_owner) {
    if (!database.owner_super) return [...grants, member(database.owner), ...restOf(look, role, kind, pair)];
    const owner = (name: string) =>
      `ALTER DATABASE ${quoteIdent(database.name)} OWNER TO ${quoteIdent(name)}`;
    grants.push({ sql: owner(role.name), back: owner(database.owner) });
  }
  return [...grants, ...restOf(look, role, kind, pair)];
}

/** Whether a member of the database's owner may do with it what its owner may, so that nothing is to be granted. */
const isOwners = ({ database }: Look, kind: GrantKind, owner: string): boolean =>
  kind === 'owner' && !database.owner_super && owner === database.owner;

/** What is in the database. */
function restOf(
  look: Look,
  role: RoleFacts,
  kind: GrantKind,
  pair: (what: string, on?: string) => Grant,
): Grant[] {
  const grants: Grant[] = [];
  for (const { name, owner, has_usage, has_create } of look.schemas) {
    if (isOwners(look, kind, owner)) continue;
    const lacks = [...(has_usage ? [] : ['USAGE']), ...(kind === 'owner' && !has_create ? ['CREATE'] : [])];
    if (lacks.length > 0) grants.push(pair(lacks.join(', '), ` ON SCHEMA ${quoteIdent(name)}`));
  }
  const groups = Map.groupBy(
    grouped(look.missing.filter(({ owner }) => !isOwners(look, kind, owner))),
    ({ kind: objects, rights }) => `${rights} ON ${objects}`,
  );
  for (const [what, objects] of groups)
    for (let at = 0; at < objects.length; at += TOGETHER)
      grants.push(
        pair(
          `${what} ${objects
            .slice(at, at + TOGETHER)
            .map(({ identity }) => identity)
            .join(', ')}`,
        ),
      );
  return [...grants, ...defaultsOf(look, role, kind)];
}

/** What each object lacks, together. */
function grouped(missing: readonly MissingRight[]): { kind: string; identity: string; rights: string }[] {
  return [...Map.groupBy(missing, ({ kind, identity }) => `${kind} ${identity}`).values()].map((all) => ({
    kind: all[0]?.kind ?? '',
    identity: all[0]?.identity ?? '',
    rights: all.map(({ privilege }) => privilege).join(', '),
  }));
}

const IN_DEFAULTS: Readonly<Record<Objects, { readonly letter: string; readonly word: string }>> = {
  TABLE: { letter: 'r', word: 'TABLES' },
  SEQUENCE: { letter: 'S', word: 'SEQUENCES' },
  ROUTINE: { letter: 'f', word: 'ROUTINES' },
};

/** Of what will be made: each owner says for itself what its new objects grant. */
function defaultsOf(look: Look, role: RoleFacts, kind: GrantKind): Grant[] {
  const { schemas, defaults, reachable } = look;
  return schemas.flatMap(({ name: schema, owner: first, owners }) =>
    [...new Set([first, ...owners])]
      .filter((owner) => owner !== role.name && reachable.has(owner) && !isOwners(look, kind, owner))
      .flatMap((owner) =>
        (Object.entries(rightsOf(kind)) as [Objects, readonly string[]][]).flatMap(([objects, rights]) => {
          const { letter, word } = IN_DEFAULTS[objects];
          const has = new Set(
            defaults
              .filter(
                (one) => one.owner === owner && one.kind === letter && (one.schema ?? schema) === schema,
              )
              .map(({ privilege }) => privilege),
          );
          // PUBLIC may run every new routine, unless somebody has taken that away
          if (
            objects === 'ROUTINE' &&
            !defaults.some((one) => one.owner === owner && one.kind === 'f' && one.schema === null)
          )
            return [];
          const lacks = rights.filter((right) => !has.has(right));
          if (lacks.length === 0) return [];
          const begin = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(owner)} IN SCHEMA ${quoteIdent(schema)}`;
          const what = `${lacks.join(', ')} ON ${word}`;
          return [
            {
              sql: `${begin} GRANT ${what} TO ${quoteIdent(role.name)}`,
              back: `${begin} REVOKE ${what} FROM ${quoteIdent(role.name)}`,
            },
          ];
        }),
      ),
  );
}
