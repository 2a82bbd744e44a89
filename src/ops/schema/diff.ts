import { type Attribute, compare, keyOf, pathOf, type SchemaObject, type SchemaSnapshot } from './format.ts';

/** One way in which two schemas are not the same. */
export interface SchemaDifference {
  readonly kind: 'added' | 'removed' | 'changed';
  /** PostgreSQL's word: `column`, `index`. */
  readonly object: string;
  /** `app.orders.total`. */
  readonly path: string;
  /** Of what has changed, which of its attributes: `default`. */
  readonly attribute: string | null;
  /** The object, or the attribute; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** What holds other objects, which come and go with it. */
const CONTAINERS = new Set([
  'schema',
  'table',
  'foreign table',
  'view',
  'materialized view',
  'domain',
  'composite type',
]);

/**
 * What has to be done to `before` to get `after`, sorted by path; empty where they are alike. The columns of a table
 * that was added or removed are not told besides the table. The order of columns is not compared: it cannot be changed.
 * Between two major versions, texts that they write differently are not compared: the definitions of views and rules,
 * and bodies of functions that are kept parsed.
 */
export function diffSchemas(before: SchemaSnapshot, after: SchemaSnapshot): SchemaDifference[] {
  const old = new Map(before.objects.map((object) => [keyOf(object), object]));
  const now = new Map(after.objects.map((object) => [keyOf(object), object]));
  const removed = before.objects.filter((object) => !now.has(keyOf(object)));
  const added = after.objects.filter((object) => !old.has(keyOf(object)));
  const majors = [before, after].map(({ serverVersionNum }) => Math.floor(serverVersionNum / 10_000));
  const sameMajor = majors[0] === majors[1];
  const renamed = renames(removed, added);
  const others = (objects: readonly SchemaObject[]) =>
    outermost(objects).filter((object) => !renamed.some((pair) => pair.includes(object)));
  return [
    ...others(removed).map((object) => whole('removed', object)),
    ...others(added).map((object) => whole('added', object)),
    ...renamed.map(([was, is]) => ({
      ...{ kind: 'changed' as const, object: is.kind, path: pathOf(is), attribute: 'name' },
      ...{ before: was.name.at(-1) ?? null, after: is.name.at(-1) ?? null },
    })),
    ...after.objects.flatMap((object) => {
      const was = old.get(keyOf(object));
      return was === undefined ? [] : changes(was, object, sameMajor);
    }),
  ].sort(
    (a, b) =>
      compare(a.path, b.path) || compare(a.object, b.object) || compare(a.attribute ?? '', b.attribute ?? ''),
  );
}

/** Constraints and indexes that are the same but for their names: nothing that works by them is missing. */
function renames(
  removed: readonly SchemaObject[],
  added: readonly SchemaObject[],
): (readonly [SchemaObject, SchemaObject])[] {
  const nameless = new Map<string, SchemaObject[]>();
  const remember = (key: string, object: SchemaObject) =>
    nameless.set(key, [...(nameless.get(key) ?? []), object]);
  for (const object of removed) if (RENAMED.has(object.kind)) remember(withoutName(object), object);
  return added.flatMap((object) => {
    const was = RENAMED.has(object.kind) ? nameless.get(withoutName(object))?.shift() : undefined;
    return was === undefined ? [] : [[was, object] as const];
  });
}

const RENAMED = new Set(['constraint', 'domain constraint', 'index']);

/** Kind, place and attributes; an index's definition begins with its name. */
function withoutName({ kind, name, attributes }: SchemaObject): string {
  const own = ` ${pathOf({ name: name.slice(-1) })} ON `;
  const { definition } = attributes;
  const text =
    typeof definition === 'string' && kind === 'index' ? definition.replace(own, ' ON ') : definition;
  return JSON.stringify([kind, name.slice(0, -1), { ...attributes, definition: text ?? null }]);
}

/** Without those whose table, or schema, is among them. */
function outermost(objects: readonly SchemaObject[]): SchemaObject[] {
  const containers = new Set(
    objects.filter(({ kind }) => CONTAINERS.has(kind)).map(({ name }) => JSON.stringify(name)),
  );
  return objects.filter(
    ({ name }) => !name.some((_, at) => at > 0 && containers.has(JSON.stringify(name.slice(0, at)))),
  );
}

function whole(kind: 'added' | 'removed', object: SchemaObject): SchemaDifference {
  const text = describe(object);
  return {
    kind,
    object: object.kind,
    path: pathOf(object),
    attribute: null,
    before: kind === 'removed' ? text : null,
    after: kind === 'added' ? text : null,
  };
}

/** An object in words: its definition or type, and what else is said of it. */
function describe({ attributes }: Pick<SchemaObject, 'attributes'>): string {
  const { position, definition, type, ...rest } = attributes;
  return [
    ...[definition, type].filter((value) => value !== undefined).map(textOf),
    ...Object.entries(rest).map(([key, value]) =>
      value === true ? words(key) : `${words(key)} ${textOf(value)}`,
    ),
  ].join(', ');
}

function changes(before: SchemaObject, after: SchemaObject, sameMajor: boolean): SchemaDifference[] {
  const keys = [...new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])];
  return keys
    .filter((key) => key !== 'position')
    .filter((key) => sameMajor || isComparable(before, key))
    .flatMap((key): SchemaDifference[] => {
      const [was, is] = [before.attributes[key], after.attributes[key]];
      if (JSON.stringify(was) === JSON.stringify(is)) return [];
      return [
        {
          kind: 'changed',
          object: after.kind,
          path: pathOf(after),
          attribute: words(key),
          before: was === undefined ? null : textOf(was),
          after: is === undefined ? null : textOf(is),
        },
      ];
    });
}

/** One difference as a line: `+ column app.orders.note: text`. */
export function differenceLine({ kind, object, path, attribute, before, after }: SchemaDifference): string {
  const sign = { added: '+', removed: '-', changed: '~' }[kind];
  const text = kind === 'changed' ? `${before ?? 'none'} -> ${after ?? 'none'}` : (after ?? before ?? '');
  const what = `${sign} ${object} ${path}${attribute === null ? '' : ` ${attribute}`}`;
  return text === '' ? what : `${what}: ${text}`;
}

/** Whether two major versions write it alike. */
function isComparable({ kind, attributes }: SchemaObject, key: string): boolean {
  // NOT NULL has a name from 18 on; an extension has the version that its server brings
  if (key === 'not_null_constraint' || (kind === 'extension' && key === 'version')) return false;
  if (key !== 'definition') return true;
  if (['view', 'materialized view', 'rule'].includes(kind)) return false;
  return !String(attributes[key]).includes('BEGIN ATOMIC');
}

function words(key: string): string {
  return key.replaceAll('_', ' ');
}

function textOf(value: Attribute): string {
  if (Array.isArray(value)) return value.join(', ');
  return value === true ? 'yes' : String(value);
}
