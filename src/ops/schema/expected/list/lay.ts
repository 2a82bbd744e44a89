import { fullName } from '../../../../db/ident.ts';
import {
  type Attribute,
  byPath,
  FORMAT_VERSION,
  keyOf,
  pathOf,
  type SchemaObject,
  type SchemaSnapshot,
} from '../../format.ts';
import type { Made, PlacedTable, Stage } from './make.ts';

export interface Laid extends Made {
  /** Everything that is there within the transaction. */
  readonly snapshot: SchemaSnapshot;
  readonly tables: readonly PlacedTable[];
}

/** What a list says, laid over what is there: of what it does not say nothing else is expected. */
export function laidOver({ snapshot, tables, stages, stubs, nullable }: Laid): SchemaSnapshot {
  const temporary = new Set([...stages, ...stubs].map((one) => one.temporary));
  const isMade = ({ name: [schema = ''] }: SchemaObject) => temporary.has(schema);
  const actual = { ...snapshot, objects: snapshot.objects.filter((object) => !isMade(object)) };
  const there = new Map(actual.objects.map((object) => [keyOf(object), object]));
  const back = (object: SchemaObject) => asMeant(object, [...stages, ...stubs]);
  const made = snapshot.objects.filter(({ name: [schema] }) =>
    stages.some(({ temporary }) => temporary === schema),
  );
  const schemas = [...new Set(tables.map(({ schema }) => schema))].map(
    (schema): SchemaObject =>
      there.get(keyOf({ kind: 'schema', name: [schema] })) ?? {
        ...{ kind: 'schema', name: [schema], attributes: {} },
      },
  );
  const laid = made
    .filter(({ kind }) => kind !== 'schema')
    .map(back)
    .flatMap((object): SchemaObject[] => {
      const found = there.get(keyOf(object));
      if (object.kind === 'constraint') return constraint(object, actual);
      if (found === undefined) return [object];
      if (object.kind !== 'column') return [found];
      return [column(object, found, nullable)];
    });
  const { serverVersionNum } = actual;
  return { formatVersion: FORMAT_VERSION, serverVersionNum, objects: [...schemas, ...laid].sort(byPath) };
}

/** With the names of the schemas that are meant, in its texts too: those it was made in have names of their own. */
function asMeant(object: SchemaObject, stages: readonly Stage[]): SchemaObject {
  const inText = (text: string) =>
    stages.reduce(
      (all, { temporary, schema }) => all.replaceAll(`${temporary}.`, `${fullName(null, schema)}.`),
      text,
    );
  const inValue = (value: Attribute): Attribute =>
    typeof value === 'string' ? inText(value) : Array.isArray(value) ? value.map(inText) : value;
  const { kind, name, identity, attributes } = object;
  const [schema = '', ...rest] = name;
  return {
    kind,
    name: [stages.find(({ temporary }) => temporary === schema)?.schema ?? schema, ...rest],
    ...(identity !== undefined && { identity: inText(identity) }),
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, inValue(value)])),
  };
}

/** What the list says of a column, and of the rest what is there. The name of a NOT NULL is nobody's wish. */
function column(said: SchemaObject, found: SchemaObject, nullable: ReadonlySet<string>): SchemaObject {
  const { position, not_null_constraint, ...attributes } = said.attributes;
  const table = pathOf({ name: said.name.slice(0, -1) });
  const { not_null, ...before } = found.attributes;
  const mayBe = nullable.has(`${table} ${said.name.at(-1)}`);
  return {
    ...found,
    attributes: { ...before, ...(not_null !== undefined && !mayBe && { not_null }), ...attributes },
  };
}

/** A constraint by what it does, whatever it is called; a unique index does what UNIQUE does. */
function constraint(said: SchemaObject, { objects }: SchemaSnapshot): SchemaObject[] {
  const definition = String(said.attributes.definition);
  const table = said.name.slice(0, -1);
  const of = (kind: string) =>
    objects.filter(
      (object) => object.kind === kind && JSON.stringify(object.name.slice(0, -1)) === JSON.stringify(table),
    );
  const texts = [definition, `${definition} NOT VALID`];
  const like = of('constraint').find(({ attributes }) => texts.includes(String(attributes.definition)));
  if (like !== undefined) return [{ ...like, attributes: { ...like.attributes, definition } }];
  const [, columns] = /^UNIQUE (\(.*\))$/.exec(definition) ?? [];
  if (columns !== undefined) {
    const on = ` ON ${pathOf({ name: table })} USING btree ${columns}`;
    const index = of('index').find(
      ({ attributes }) =>
        String(attributes.definition).startsWith('CREATE UNIQUE INDEX ') &&
        String(attributes.definition).endsWith(on),
    );
    if (index !== undefined) return [without(index, 'invalid')];
    const primary = of('constraint').find(
      ({ attributes }) => attributes.definition === `PRIMARY KEY ${columns}`,
    );
    if (primary !== undefined) return [primary];
  }
  return [said];
}

/** One that is INVALID does not do it: that is told. */
function without(object: SchemaObject, key: string): SchemaObject {
  const { [key]: _, ...attributes } = object.attributes;
  return { ...object, attributes };
}
