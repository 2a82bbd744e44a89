import type { SchemaDifference } from '../diff.ts';
import type { SchemaObject } from '../format.ts';
import type { Issue } from './issue.ts';

/** What code names, or lives by: without it statements fail, or the data goes wrong. */
const CRITICAL = new Set([
  'schema',
  'extension',
  'enum',
  'domain',
  'composite type',
  'range',
  'type',
  'table',
  'foreign table',
  'view',
  'materialized view',
  'column',
  'attribute',
  'sequence',
  'function',
  'procedure',
  'aggregate',
  'operator',
]);

/**
 * How bad a difference is. `expected`: the object as it is to be, where it is to be at all. What is there and not
 * expected harms nobody.
 */
export function severityOf(
  { kind, object, attribute, before, after }: SchemaDifference,
  expected: SchemaObject | undefined,
): Issue['severity'] {
  if (kind === 'removed') return 'info';
  if (kind === 'added') return CRITICAL.has(object) || (expected && isKey(expected)) ? 'critical' : 'minor';
  // a value that is not there is refused when it is written
  if (object === 'enum' && attribute === 'labels') return lacks(before, after) ? 'critical' : 'minor';
  return 'minor';
}

/** Primary, unique and foreign keys: rows are found by them, and ON CONFLICT names them. */
function isKey({ kind, attributes: { definition } }: SchemaObject): boolean {
  if (typeof definition !== 'string') return false;
  if (kind === 'constraint') return /^(PRIMARY KEY|UNIQUE|FOREIGN KEY)\b/.test(definition);
  return kind === 'index' && definition.startsWith('CREATE UNIQUE INDEX');
}

/** Whether one of the values is missing, and not only in another place. */
function lacks(actual: string | null, expected: string | null): boolean {
  const there = new Set(actual?.split(', '));
  return expected?.split(', ').some((label) => !there.has(label)) === true;
}
