import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import { pathOf, type SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import type { Addition, Statement } from '../statement.ts';
import { text } from '../structure.ts';

/** What PostgreSQL calls these in COMMENT ON, where it is not the kind itself. */
const WORDS: Readonly<Record<string, string>> = {
  enum: 'TYPE',
  range: 'TYPE',
  type: 'TYPE',
  'composite type': 'TYPE',
};
/** Said of them on their table. */
const ON_TABLE: ReadonlySet<string> = new Set(['constraint', 'trigger', 'rule', 'policy']);

/** The comment of an object, where it has one. */
export function commentOf(object: SchemaObject): Statement[] {
  const comment = text(object, 'comment');
  const target = commentTarget(object);
  if (comment === undefined || target === undefined) return [];
  return [
    {
      sql: `COMMENT ON ${target} IS ${quoteLiteral(comment).trim()}`,
      back: `COMMENT ON ${target} IS NULL`,
    },
  ];
}

const RELATIONS: ReadonlySet<string> = new Set([
  'table',
  'foreign table',
  'view',
  'materialized view',
  'sequence',
]);

/** What a comment on an object that is there locks: the relation that it is of. */
export function commentLock({ kind, name }: SchemaObject): Partial<Pick<Addition, 'on' | 'lock'>> {
  const lock = 'ShareUpdateExclusiveLock' as const;
  if (kind === 'index') return { on: [name[0] ?? '', name[2] ?? ''], lock };
  if (RELATIONS.has(kind) || ON_TABLE.has(kind) || kind === 'column') return { on: name.slice(0, 2), lock };
  return {};
}

/** `TABLE "app"."orders"`; undefined for what is not commented on by its name. */
export function commentTarget(object: SchemaObject): string | undefined {
  const { kind, name } = object;
  const own = quoteIdent(name.at(-1) ?? '');
  if (ON_TABLE.has(kind)) return `${kind.toUpperCase()} ${own} ON ${quoted(name.slice(0, 2))}`;
  if (kind === 'domain constraint') return `CONSTRAINT ${own} ON DOMAIN ${quoted(name.slice(0, 2))}`;
  if (kind === 'column' || kind === 'attribute') return `COLUMN ${quoted(name)}`;
  if (kind === 'index') return `INDEX ${quoted([name[0] ?? '', name[2] ?? ''])}`;
  if (['function', 'procedure', 'aggregate'].includes(kind)) return `${kind.toUpperCase()} ${pathOf(object)}`;
  if (object.identity !== undefined) return undefined;
  return `${WORDS[kind] ?? kind.toUpperCase()} ${quoted(name)}`;
}
