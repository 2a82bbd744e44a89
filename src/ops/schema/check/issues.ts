import { diffSchemas, type SchemaDifference } from '../diff.ts';
import { remedyOf } from '../fix/remedy.ts';
import { compare, isPrivileges, keyOf, pathOf, type SchemaObject, type SchemaSnapshot } from '../format.ts';
import type { Issue } from './issue.ts';
import { renaming } from './rename.ts';
import { severityOf } from './severity.ts';

/** What is known of the expected structure beyond its objects. */
export interface Expectation {
  /** It names a part only: what is there besides is no issue. */
  readonly partial?: boolean;
  /** Paths of what somebody has called critical, with everything in it. */
  readonly critical?: ReadonlySet<string>;
}

const ORDER: Readonly<Record<Issue['severity'], number>> = { critical: 0, minor: 1, info: 2 };

/** What is not as expected, the worst first. Pure: the same two schemas give the same issues. */
export function issuesOf(
  actual: SchemaSnapshot,
  expected: SchemaSnapshot,
  { partial = false, critical = new Set() }: Expectation = {},
): Issue[] {
  const schemas = { actual, expected };
  const there = byKey(actual);
  const wanted = byKey(expected);
  return diffSchemas(actual, expected)
    .filter((difference) => !partial || difference.kind !== 'removed')
    .flatMap((difference) => ofView(difference, there, wanted))
    .flatMap((difference) => ofPrivileges(difference, there, wanted))
    .map((difference): Issue => {
      const { object, path, attribute, before, after } = difference;
      const key = `${object} ${path}`;
      const kind = kindOf(difference, there.get(key));
      const marked = kind !== 'extra' && [...critical].some((mark) => within(path, mark));
      const extra = kind === 'invalid' && difference.kind === 'removed' ? 'minor' : undefined;
      return {
        id: [
          kind,
          object.replaceAll(' ', '_'),
          path,
          ...(kind === 'changed' && attribute ? [attribute] : []),
        ].join(':'),
        ...{ kind, object, path, attribute },
        ...{ expected: after, actual: before },
        severity: marked ? 'critical' : (extra ?? severityOf(difference, wanted.get(key))),
        ...mending(difference, schemas, wanted.get(key)),
      };
    })
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || compare(a.path, b.path) || compare(a.id, b.id));
}

function byKey({ objects }: SchemaSnapshot): Map<string, SchemaObject> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

const within = (path: string, mark: string): boolean => path === mark || path.startsWith(`${mark}.`);

/** There, and not what the server can count on: an index that is INVALID, a constraint that is NOT VALID. */
function kindOf({ kind, attribute, before, after }: SchemaDifference, there?: SchemaObject): Issue['kind'] {
  if (kind === 'added') return 'missing';
  if (kind === 'removed') return there?.attributes.invalid === true ? 'invalid' : 'extra';
  if (attribute === 'invalid' || attribute === 'invalid index')
    return before === null ? 'changed' : 'invalid';
  return attribute === 'definition' && before === `${after} NOT VALID` ? 'invalid' : 'changed';
}

/** A column of a view is told only where something is said of it: without that it is there all the same. */
function ofView(
  difference: SchemaDifference,
  there: ReadonlyMap<string, SchemaObject>,
  wanted: ReadonlyMap<string, SchemaObject>,
): SchemaDifference[] {
  const { kind, object, path, before, after } = difference;
  if (object !== 'column' || kind === 'changed') return [difference];
  const column = (there.get(`column ${path}`) ?? wanted.get(`column ${path}`)) as SchemaObject;
  const view = pathOf({ name: column.name.slice(0, -1) });
  const kinds = ['view', 'materialized view'];
  if (!kinds.some((one) => there.has(`${one} ${view}`) && wanted.has(`${one} ${view}`))) return [difference];
  const { position, type, ...said } = column.attributes;
  return Object.entries(said).map(([key, value]) => ({
    ...{ kind: 'changed', object, path, attribute: key.replaceAll('_', ' ') },
    before: before === null ? null : String(value),
    after: after === null ? null : String(value),
  }));
}

/** Grants come and go with what they are on; a column has an object of them only where it has any. */
function ofPrivileges(
  difference: SchemaDifference,
  there: ReadonlyMap<string, SchemaObject>,
  wanted: ReadonlyMap<string, SchemaObject>,
): SchemaDifference[] {
  const { kind, object, path } = difference;
  if (!isPrivileges({ kind: object }) || kind === 'changed') return [difference];
  const { on, ...said } =
    (there.get(`${object} ${path}`) ?? wanted.get(`${object} ${path}`))?.attributes ?? {};
  const key = `${on} ${path}`;
  if (on !== undefined && !(there.has(key) && wanted.has(key))) return [];
  return Object.entries(said).map(([key, value]) => ({
    ...{ kind: 'changed', object, path, attribute: key.replaceAll('_', ' ') },
    before: kind === 'removed' ? String(value) : null,
    after: kind === 'added' ? String(value) : null,
  }));
}

function mending(
  difference: SchemaDifference,
  schemas: { readonly actual: SchemaSnapshot; readonly expected: SchemaSnapshot },
  wanted: SchemaObject | undefined,
): Pick<Issue, 'fixable' | 'fixSql' | 'lock'> {
  if (isPrivileges({ kind: difference.object })) return { fixable: false, fixSql: [], lock: null };
  if (difference.attribute === 'name') return renaming(difference, wanted);
  const { fixable, statements, lock } = remedyOf(difference, schemas);
  return { fixable, fixSql: statements, lock };
}
