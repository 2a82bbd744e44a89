import type { Session } from '../../db/session.ts';
import { eachInside, strings } from '../sql/ast.ts';
import { loadParser } from '../sql/parser.ts';

/** Of pg_catalog: volatile, and they change nothing. */
const HARMLESS = [
  'random',
  'clock_timestamp',
  'timeofday',
  'gen_random_uuid',
  'pg_sleep',
  'random_normal',
  'uuidv4',
  'uuidv7',
];

/** Names in a statement, or in a view of it, without their schemas. */
interface Names {
  readonly functions: Set<string>;
  readonly operators: Set<string>;
  /** Types that something is cast to. */
  readonly types: Set<string>;
}

/** What a statement calls that may do something. */
export interface Calls {
  /** Functions, operators and casts, in the words of a sentence. */
  readonly volatile: readonly string[];
  /** Views whose text cannot be read: what they call is not known. */
  readonly unread: readonly string[];
}

/**
 * Functions, operators and casts that are named in it or in a view that it reads, at any depth, and may do something:
 * any of that name. Not those that a function calls by itself, nor what a domain, a policy or a default does. Throws
 * DbError.
 */
export async function callsOf(tree: unknown, session: Session): Promise<Calls> {
  const names: Names = { functions: new Set(), operators: new Set(), types: new Set() };
  const relations = new Set<string>();
  collect(tree, names);
  eachInside(tree, 'RangeVar', ({ relname }) => {
    if (relname !== undefined) relations.add(relname);
  });
  const unread: string[] = [];
  for (const { name, text } of await viewsOf([...relations], session)) {
    const view = text === null ? undefined : await parsed(text);
    if (view === undefined) unread.push(name);
    else collect(view, names);
  }
  return { volatile: await volatileOf(names, session), unread };
}

function collect(tree: unknown, { functions, operators, types }: Names): void {
  const last = (into: Set<string>, name: string | undefined) => {
    if (name !== undefined) into.add(name);
  };
  eachInside(tree, 'FuncCall', ({ funcname }) => last(functions, strings(funcname).at(-1)));
  eachInside(tree, 'A_Expr', ({ name }) => last(operators, strings(name).at(-1)));
  eachInside(tree, 'SubLink', ({ operName }) => last(operators, strings(operName).at(-1)));
  eachInside(tree, 'TypeCast', ({ typeName }) => last(types, strings(typeName?.names).at(-1)));
}

async function parsed(text: string): Promise<unknown> {
  const parser = await loadParser();
  try {
    return parser.parse(text);
  } catch {
    return undefined;
  }
}

/** The views of these names, and those that they read. System views change nothing. */
async function viewsOf(
  names: readonly string[],
  session: Session,
): Promise<{ readonly name: string; readonly text: string | null }[]> {
  if (names.length === 0) return [];
  const rows = await session.sql(
    `WITH RECURSIVE reached (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'v' AND c.relname = ANY ($1)
  UNION
  SELECT c.oid
  FROM reached
  JOIN pg_catalog.pg_rewrite r ON r.ev_class = reached.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
    AND d.refclassid = 'pg_catalog.pg_class'::regclass
  JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind = 'v'
)
SELECT c.relname::text AS name, pg_catalog.pg_get_viewdef(c.oid) AS text
FROM reached JOIN pg_catalog.pg_class c USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    [[...names]],
  );
  return rows.map(({ name, text }) => ({ name: String(name), text: text === null ? null : String(text) }));
}

async function volatileOf({ functions, operators, types }: Names, session: Session): Promise<string[]> {
  const rows = await session.sql(
    `SELECT name FROM (
  SELECT 1 AS kind, proname::text AS name FROM pg_catalog.pg_proc
  WHERE proname = ANY ($1) AND provolatile = 'v'
    AND NOT (proname = ANY ($2) AND pronamespace = 'pg_catalog'::regnamespace)
  UNION
  SELECT 2, 'the operator ' || o.oprname FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
  WHERE o.oprname = ANY ($3) AND p.provolatile = 'v'
  UNION
  SELECT 3, 'the cast to ' || t.typname FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
  JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
  WHERE t.typname = ANY ($4) AND p.provolatile = 'v'
) called ORDER BY kind, name`,
    [[...functions], HARMLESS, [...operators], [...types]],
  );
  return rows.map(({ name }) => String(name));
}
