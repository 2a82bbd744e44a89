import { isPrivileges, type SchemaSnapshot } from '../format.ts';

/** Something that a check does not look at, and why. */
export interface NotCompared {
  readonly what: string;
  readonly why: string;
}

export interface Comparison {
  readonly actual: SchemaSnapshot;
  readonly expected: SchemaSnapshot;
  /** Grants were asked for. */
  readonly grants: boolean;
  /** What is expected names a part of the database only. */
  readonly partial: boolean;
}

const COMPARED = [
  'schemas',
  'extensions and their versions',
  'enums, domains, composite types and ranges',
  'tables and partitions',
  'columns',
  'constraints',
  'indexes',
  'sequences',
  'views and materialized views',
  'functions, procedures and aggregates',
  'triggers and rules',
  'row security policies',
  'publications',
  'extended statistics',
  'event triggers',
  'comments',
];

/** Kinds of which only the presence and the comment are told: see {@link file://../queries/others.ts}. */
const PRESENCE =
  'access methods, casts, collations, conversions, foreign data wrappers, foreign servers, languages, operator classes, operator families, operators, text search objects and transforms';

const majorOf = ({ serverVersionNum }: SchemaSnapshot): number => Math.floor(serverVersionNum / 10_000);

/** Whether a snapshot was made with owners and grants. */
export function hasPrivileges({ objects }: SchemaSnapshot): boolean {
  return objects.some(isPrivileges);
}

/** The kinds of things that were looked at. */
export function comparedIn(comparison: Comparison): string[] {
  if (comparison.partial) return ['tables of the list', 'columns of the list', 'keys and CHECKs of the list'];
  return [...COMPARED, ...(comparesGrants(comparison) ? ['owners and grants', 'default privileges'] : [])];
}

export const comparesGrants = ({ expected, grants, partial }: Comparison): boolean =>
  grants && !partial && hasPrivileges(expected);

/** What a result that is clean says nothing about. */
export function notComparedIn(comparison: Comparison): NotCompared[] {
  const { actual, expected, partial } = comparison;
  const majors = [actual, expected].map(majorOf);
  return [
    ...grantsLeft(comparison),
    { what: 'data', why: 'rows are no part of a structure' },
    { what: 'subscriptions', why: 'only superusers may read them, and they name other servers' },
    { what: 'roles', why: "they are the server's, not the database's" },
    {
      what: 'database settings',
      why: 'ALTER DATABASE … SET, encoding and locale are not part of a snapshot',
    },
    { what: 'objects of extensions', why: 'the extension and its version are compared' },
    { what: 'user mappings, large objects and security labels', why: 'they are not part of a snapshot' },
    { what: 'order of columns', why: 'it cannot be changed' },
    ...(partial
      ? [{ what: 'what the list does not name', why: 'the list says a part only' }]
      : [{ what: PRESENCE, why: 'only whether they are there, and their comments' }]),
    ...(majors[0] === majors[1] || partial
      ? []
      : [
          {
            what: 'definitions of views and rules, BEGIN ATOMIC bodies, versions of extensions, names of NOT NULL constraints',
            why: `PostgreSQL ${majors[0]} and ${majors[1]} write them differently`,
          },
        ]),
  ];
}

function grantsLeft(comparison: Comparison): NotCompared[] {
  const what = 'owners and grants';
  if (!comparison.grants) return [{ what, why: 'not asked for: add --grants' }];
  if (comparison.partial) return [{ what, why: 'a list says nothing of them' }];
  if (!comparesGrants(comparison))
    return [
      {
        what,
        why: 'what is expected came without them: take pgdeck schema snapshot --grants, or load a backup as a superuser',
      },
    ];
  return [
    {
      what: 'grants on databases, languages, foreign servers, large objects and parameters',
      why: 'only those on schemas, relations, columns, functions and types are compared',
    },
  ];
}
