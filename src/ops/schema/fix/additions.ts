import type { SchemaObject } from '../format.ts';
import { makePolicy, makeRule, makeTrigger } from './make/actions.ts';
import { hasValue } from './make/columns.ts';
import { makeConstraint } from './make/constraints.ts';
import { attachment, makeIndex } from './make/indexes.ts';
import { makeEventTrigger, makePublication, makeStatistics } from './make/others.ts';
import { makeAggregate, makeFunction } from './make/routines.ts';
import { makeSequence } from './make/sequences.ts';
import { makeColumn, makeTable } from './make/tables.ts';
import {
  makeAttribute,
  makeComposite,
  makeDomain,
  makeDomainConstraint,
  makeEnum,
  makeExtension,
  makeRange,
  makeSchema,
} from './make/types.ts';
import { makeMaterialized, makeView, makeViewColumn } from './make/views.ts';
import { keyOfName } from './names.ts';
import type { Addition } from './statement.ts';
import { parentsOf, type Sides, text } from './structure.ts';

type Make = (object: SchemaObject, sides: Sides) => Addition[] | undefined;

/** How what is missing is made; what is not here is for a person. */
const MAKE: Readonly<Record<string, Make>> = {
  // the kinds of a file are anybody's words: `constructor` is none of these
  __proto__: null as never,
  schema: makeSchema,
  extension: makeExtension,
  enum: makeEnum,
  domain: makeDomain,
  'domain constraint': makeDomainConstraint,
  'composite type': makeComposite,
  attribute: (one, sides) => (isNew(one, sides) ? [] : makeAttribute(one)),
  range: makeRange,
  sequence: makeSequence,
  table: makeTable,
  'foreign table': makeTable,
  column: columnOf,
  constraint: constraintOf,
  index: indexOfTable,
  function: makeFunction,
  procedure: makeFunction,
  aggregate: makeAggregate,
  view: makeView,
  'materialized view': makeMaterialized,
  trigger: makeTrigger,
  rule: makeRule,
  policy: makePolicy,
  statistics: makeStatistics,
  'event trigger': makeEventTrigger,
  publication: makePublication,
};

/**
 * What makes an object that the database lacks. Empty: it comes with another one, its table's or its parent's.
 * Undefined: only a person can.
 */
export function additionsOf(object: SchemaObject, sides: Sides): Addition[] | undefined {
  return MAKE[object.kind]?.(object, sides);
}

const RELATIONS = ['table', 'foreign table', 'view', 'materialized view', 'composite type'];

/** Whether what it belongs to is made, too: it comes with it. */
function isNew({ name }: SchemaObject, { actual }: Sides): boolean {
  return !RELATIONS.some((kind) => actual.of(kind, name.slice(0, 2)) !== undefined);
}

function columnOf(column: SchemaObject, sides: Sides): Addition[] {
  if (isNew(column, sides)) return [];
  const table = column.name.slice(0, 2);
  if (sides.expected.of('view', table) ?? sides.expected.of('materialized view', table))
    return makeViewColumn(column);
  if (column.attributes.inherited === true) return fromParent(column, sides, columnOf);
  const nullable =
    column.attributes.not_null === true && !hasValue(column) && sides.empty?.has(keyOfName(table)) !== true;
  return makeColumn(column, nullable);
}

/** What a parent gets its children get with it. */
function fromParent(object: SchemaObject, sides: Sides, make: Make): Addition[] {
  const { actual, expected } = sides;
  const table = expected.of('table', object.name.slice(0, 2));
  return (table === undefined ? [] : parentsOf(table)).flatMap((parent) => {
    const above = expected.of(object.kind, [...parent, object.name[2] ?? '']);
    return above === undefined || actual.has(above) ? [] : (make(above, sides) ?? []);
  });
}

const OF_INDEX = /^(PRIMARY KEY|UNIQUE)\b/;

function constraintOf(constraint: SchemaObject, sides: Sides): Addition[] {
  const definition = text(constraint, 'definition') ?? '';
  const foreign = definition.startsWith('FOREIGN KEY');
  if (isNew(constraint, sides)) {
    // the keys of partitions to other tables are their parent's
    return foreign && constraint.attributes.inherited !== true ? makeConstraint(constraint, sides) : [];
  }
  if (constraint.attributes.inherited === true && !OF_INDEX.test(definition))
    return fromParent(constraint, sides, constraintOf);
  return makeConstraint(constraint, sides);
}

function indexOfTable(index: SchemaObject, sides: Sides): Addition[] | undefined {
  if (isNew(index, sides)) return [];
  const made = makeIndex(index, sides);
  return made === undefined ? undefined : [...made, ...attachment(index, sides)];
}
