import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import { pathOf, type SchemaObject } from '../../format.ts';
import { quoted } from '../names.ts';
import { type Addition, addition, type Statement } from '../statement.ts';
import { list, type Sides, type Structure, text } from '../structure.ts';
import { commentOf } from './comment.ts';

export function makeSchema(schema: SchemaObject): Addition[] {
  const name = quoted(schema.name);
  return [
    addition(schema, 'schema', [
      { sql: `CREATE SCHEMA ${name}`, back: `DROP SCHEMA ${name}` },
      ...commentOf(schema),
    ]),
  ];
}

/** The version is the one that the server brings. */
export function makeExtension(extension: SchemaObject): Addition[] {
  const name = quoted(extension.name);
  const schema = text(extension, 'schema');
  const where = schema === undefined ? '' : ` SCHEMA ${quoteIdent(schema)}`;
  return [
    addition(extension, 'extension', [
      { sql: `CREATE EXTENSION ${name}${where}`, back: `DROP EXTENSION ${name}` },
    ]),
  ];
}

export function makeEnum(type: SchemaObject): Addition[] {
  const labels = list(type, 'labels').map((label) => quoteLiteral(label).trim());
  return made(type, 'type', `CREATE TYPE ${quoted(type.name)} AS ENUM (${labels.join(', ')})`);
}

/** With its constraints, which hold from the beginning. */
export function makeDomain(domain: SchemaObject, { expected }: Sides): Addition[] {
  const base = text(domain, 'type') ?? '';
  const constraints = expected.inside(domain.name).filter(({ kind }) => kind === 'domain constraint');
  const standard = text(domain, 'default');
  const collation = text(domain, 'collation');
  const sql = [
    `CREATE DOMAIN ${quoted(domain.name)} AS ${base}`,
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
    ...(standard === undefined ? [] : [`DEFAULT ${standard}`]),
    ...(domain.attributes.not_null === true ? ['NOT NULL'] : []),
    ...constraints.map((one) => `CONSTRAINT ${quoteIdent(one.name[2] ?? '')} ${text(one, 'definition')}`),
  ].join(' ');
  const [created] = made(domain, 'domain', sql, {
    types: [base],
    ...(standard !== undefined && { expressions: [standard] }),
  });
  if (created === undefined) return [];
  return [{ ...created, statements: [...created.statements, ...constraints.flatMap(commentOf)] }];
}

/** A constraint of a domain that is there: every column of it is read. */
export function makeDomainConstraint(constraint: SchemaObject, { actual, expected }: Sides): Addition[] {
  const domain = constraint.name.slice(0, 2);
  // a new domain has it
  if (actual.of('domain', domain) === undefined && expected.of('domain', domain) !== undefined) return [];
  const [name, own] = [quoted(domain), quoteIdent(constraint.name[2] ?? '')];
  const definition = text(constraint, 'definition') ?? '';
  const back = `ALTER DOMAIN ${name} DROP CONSTRAINT ${own}`;
  const valid = !definition.endsWith(' NOT VALID');
  const add = `ALTER DOMAIN ${name} ADD CONSTRAINT ${own} ${definition}${valid ? ' NOT VALID' : ''}`;
  return [
    addition(constraint, 'constraint', [{ sql: add, back }, ...commentOf(constraint)]),
    ...(valid
      ? [
          addition(constraint, 'constraint', [{ sql: `ALTER DOMAIN ${name} VALIDATE CONSTRAINT ${own}` }], {
            also: tablesWith(domain, actual).map((on) => ({ lock: 'ShareLock' as const, on })),
            note: 'reads every column of that domain',
          }),
        ]
      : []),
  ];
}

/** Those that have a column of a type, which are read when it is to hold for their rows. */
export function tablesWith(type: readonly string[], actual: Structure): string[][] {
  const path = pathOf({ name: [...type] });
  return actual.tablesOf((column) => [path, `${path}[]`].includes(text(column, 'type') ?? ''));
}

export function makeComposite(type: SchemaObject, { expected }: Sides): Addition[] {
  const attributes = expected.columns(type.name);
  const types = attributes.map((one) => text(one, 'type') ?? '');
  const sql = `CREATE TYPE ${quoted(type.name)} AS (${attributes.map(attributeText).join(', ')})`;
  const [created] = made(type, 'type', sql, {
    types,
    columns: attributes.map(({ name }) => name[2] ?? ''),
  });
  if (created === undefined) return [];
  return [{ ...created, statements: [...created.statements, ...attributes.flatMap(commentOf)] }];
}

export function makeAttribute(attribute: SchemaObject): Addition[] {
  const type = quoted(attribute.name.slice(0, 2));
  return [
    addition(attribute, 'column', [
      {
        sql: `ALTER TYPE ${type} ADD ATTRIBUTE ${attributeText(attribute)}`,
        back: `ALTER TYPE ${type} DROP ATTRIBUTE ${quoteIdent(attribute.name[2] ?? '')}`,
        types: [text(attribute, 'type') ?? ''],
      },
      ...commentOf(attribute),
    ]),
  ];
}

function attributeText(attribute: SchemaObject): string {
  const collation = text(attribute, 'collation');
  const own = `${quoteIdent(attribute.name[2] ?? '')} ${text(attribute, 'type') ?? ''}`;
  return collation === undefined ? own : `${own} COLLATE ${collation}`;
}

/** One with a canonical function needs that before, and the function the type: by hand. */
export function makeRange(type: SchemaObject): Addition[] | undefined {
  if (text(type, 'canonical') !== undefined) return undefined;
  const subtype = text(type, 'type') ?? '';
  const options = [
    `SUBTYPE = ${subtype}`,
    ...given('SUBTYPE_OPCLASS', quotedOr(text(type, 'operator_class'))),
    ...given('COLLATION', text(type, 'collation')),
    ...given('SUBTYPE_DIFF', text(type, 'difference')),
  ];
  return made(type, 'type', `CREATE TYPE ${quoted(type.name)} AS RANGE (${options.join(', ')})`, {
    types: [subtype],
  });
}

function quotedOr(name: string | undefined): string | undefined {
  return name === undefined ? undefined : quoteIdent(name);
}

function given(word: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${word} = ${value}`];
}

function made(
  object: SchemaObject,
  phase: 'type' | 'domain',
  sql: string,
  more: Partial<Statement> = {},
): Addition[] {
  const back = `DROP ${phase.toUpperCase()} ${quoted(object.name)}`;
  return [addition(object, phase, [{ sql, back, ...more }, ...commentOf(object)])];
}
