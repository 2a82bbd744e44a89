import { catalogQuery, notInternal, notOfExtension, select, USER_SCHEMA } from './object.ts';

/** Where an access list is kept, and what holds where it is NULL: the letter is acldefault()'s. */
interface Access {
  readonly acl: string;
  readonly letter: string;
  readonly owner: string;
}

const role = (oid: string): string => `pg_get_userbyid(${oid})::text`;

/** `reader: INSERT, SELECT`, a line for each role but the owner; NULL where nobody has any. */
function granted({ acl, letter, owner }: Access): string {
  return `(SELECT to_jsonb(array_agg(given.who || ': ' || given.what ORDER BY given.who COLLATE "C")) FROM (
      SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE ${role('x.grantee')} END AS who,
        string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY x.privilege_type COLLATE "C") AS what
      FROM aclexplode(coalesce(${acl}, acldefault(${letter}, ${owner}))) x WHERE x.grantee <> ${owner} GROUP BY 1) given)`;
}

/** What the owner has taken from itself. Told so, since what an owner has by itself grows with the versions. */
function lacking({ acl, letter, owner }: Access): string {
  return `CASE WHEN ${acl} IS NOT NULL THEN (SELECT to_jsonb(array_agg(d.privilege_type ORDER BY d.privilege_type COLLATE "C")) FROM aclexplode(acldefault(${letter}, ${owner})) d
      WHERE d.grantee = ${owner} AND NOT EXISTS (SELECT FROM aclexplode(${acl}) x WHERE x.grantee = ${owner} AND x.privilege_type = d.privilege_type)) END`;
}

function privileges(
  on: string,
  name: readonly string[],
  access: Access,
  from: string,
  identity?: string,
): string {
  return select({
    kind: `'privileges'`,
    name,
    ...(identity !== undefined && { identity }),
    attributes: {
      on,
      // a column is its table's owner's
      owner: on === `'column'` ? 'NULL' : role(access.owner),
      grants: granted(access),
      taken_from_owner: lacking(access),
    },
    from,
  });
}

const IN_NAMESPACE = 'JOIN pg_namespace n ON n.oid =';

/** Owners and grants of schemas, relations, columns, functions and types, and what is granted on what is made later. */
export const catalogPrivileges = catalogQuery(
  'privileges',
  [
    privileges(
      `'schema'`,
      ['n.nspname'],
      { acl: 'n.nspacl', letter: `'n'`, owner: 'n.nspowner' },
      `FROM pg_namespace n WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_namespace', 'n.oid')}`,
    ),
    privileges(
      `CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table' END`,
      ['n.nspname', 'c.relname'],
      {
        acl: 'c.relacl',
        letter: `CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"`,
        owner: 'c.relowner',
      },
      `FROM pg_class c ${IN_NAMESPACE} c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}
  AND (c.relkind <> 'S' OR ${notInternal('pg_class', 'c.oid')})`,
    ),
    privileges(
      `'column'`,
      ['n.nspname', 'c.relname', 'a.attname'],
      { acl: 'a.attacl', letter: `'c'`, owner: 'c.relowner' },
      `FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid ${IN_NAMESPACE} c.relnamespace
WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND ${USER_SCHEMA} AND ${notOfExtension('pg_class', 'c.oid')}`,
    ),
    privileges(
      `CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END`,
      ['n.nspname', 'p.proname'],
      { acl: 'p.proacl', letter: `'f'`, owner: 'p.proowner' },
      `FROM pg_proc p ${IN_NAMESPACE} p.pronamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_proc', 'p.oid')} AND ${notInternal('pg_proc', 'p.oid')}`,
      `(pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity`,
    ),
    privileges(
      `CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type' ELSE 'range' END`,
      ['n.nspname', 't.typname'],
      { acl: 't.typacl', letter: `'T'`, owner: 't.typowner' },
      `FROM pg_type t ${IN_NAMESPACE} t.typnamespace
WHERE ${USER_SCHEMA} AND ${notOfExtension('pg_type', 't.oid')}
  AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')`,
    ),
    select({
      kind: `'default privileges'`,
      name: [role('d.defaclrole'), `coalesce(n.nspname, '*')`, 'd.defaclobjtype::text'],
      attributes: {
        grants: `(SELECT to_jsonb(array_agg(x.who || ': ' || x.what ORDER BY x.who COLLATE "C")) FROM (
      SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE ${role('g.grantee')} END AS who, string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type COLLATE "C") AS what
      FROM aclexplode(d.defaclacl) g GROUP BY 1) x)`,
      },
      from: 'FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace',
    }),
  ].join('\nUNION ALL\n'),
);
