import { quoteIdent } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import { type Addition, addition, type Statement } from '../statement.ts';
import { list, parentsOf, type Sides, text } from '../structure.ts';
import { commentOf } from './comment.ts';

const FIRES: Readonly<Record<string, string>> = {
  disabled: 'DISABLE',
  replica: 'ENABLE REPLICA',
  always: 'ENABLE ALWAYS',
};

/** A trigger as the server wrote it. That of a partition comes with its parent's; how it fires is for a person. */
export function makeTrigger(trigger: SchemaObject, sides: Sides): Addition[] | undefined {
  const table = trigger.name.slice(0, 2);
  const parents = sides.expected.of('table', table)?.attributes.partition_of;
  if (parents !== undefined && cloned(trigger, sides)) return undefined;
  return onTable(trigger, 'trigger', text(trigger, 'definition') ?? '', sides, 'ShareRowExclusiveLock');
}

/** Whether a parent's trigger has that name. */
function cloned({ name }: SchemaObject, { expected }: Sides): boolean {
  for (let at = expected.of('table', name.slice(0, 2)); at !== undefined; ) {
    const [parent] = parentsOf(at);
    if (parent === undefined) return false;
    if (expected.of('trigger', [...parent, name[2] ?? '']) !== undefined) return true;
    at = expected.of('table', parent);
  }
  return false;
}

export function makeRule(rule: SchemaObject, sides: Sides): Addition[] {
  return onTable(rule, 'trigger', text(rule, 'definition') ?? '', sides, 'AccessExclusiveLock');
}

export function makePolicy(policy: SchemaObject, sides: Sides): Addition[] {
  const roles = list(policy, 'roles').map((role) => (role === 'PUBLIC' ? role : quoteIdent(role)));
  const [using, check] = [text(policy, 'using'), text(policy, 'check')];
  const sql = [
    `CREATE POLICY ${quoteIdent(policy.name[2] ?? '')} ON ${quoted(policy.name.slice(0, 2))}`,
    ...(policy.attributes.restrictive === true ? ['AS RESTRICTIVE'] : []),
    `FOR ${text(policy, 'command') ?? 'ALL'}`,
    `TO ${roles.length === 0 ? 'PUBLIC' : roles.join(', ')}`,
    ...(using === undefined ? [] : [`USING (${using})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
  ].join(' ');
  return onTable(policy, 'policy', sql, sides, 'AccessExclusiveLock', [
    ...(using === undefined ? [] : [using]),
    ...(check === undefined ? [] : [check]),
  ]);
}

function onTable(
  object: SchemaObject,
  phase: 'trigger' | 'policy',
  definition: string,
  { actual }: Sides,
  lock: 'ShareRowExclusiveLock' | 'AccessExclusiveLock',
  expressions: readonly string[] = [],
): Addition[] {
  const table = object.name.slice(0, 2);
  const there = ['table', 'view', 'materialized view', 'foreign table'].some(
    (kind) => actual.of(kind, table) !== undefined,
  );
  const [relation, own] = [quoted(table), quoteIdent(object.name[2] ?? '')];
  const fires = FIRES[text(object, 'fires') ?? ''];
  const create: Statement = {
    sql: definition.trim().replace(/;$/, ''),
    back: `DROP ${object.kind.toUpperCase()} ${own} ON ${relation}`,
    ...(expressions.length > 0 && { expressions }),
  };
  const firing = `ALTER TABLE ${relation} ${fires} ${object.kind.toUpperCase()} ${own}`;
  return [
    addition(
      object,
      phase,
      [create, ...(fires === undefined ? [] : [{ sql: firing }]), ...commentOf(object)],
      there ? { on: table, lock } : {},
    ),
  ];
}
