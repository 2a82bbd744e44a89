import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import { refusals } from '../../../../../src/ops/schema/fix/guard/only-adds.ts';
import type { SchemaObject, SchemaSnapshot } from '../../../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { everything } from '../../../../support/fixtures/everything.ts';
import { additionsBetween } from '../stage.ts';

let db: TestDatabase;
let session: Session;
let full: SchemaSnapshot;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await everything(session);
  full = await takeSchemaSnapshot(session);
});
afterAll(() => db.drop());

const EMPTY: SchemaSnapshot = { formatVersion: 1, serverVersionNum: 170000, objects: [] };
const with_ = (...objects: SchemaObject[]): SchemaSnapshot => ({
  ...EMPTY,
  objects: [{ kind: 'schema', name: ['s'], attributes: {} }, ...objects],
});
/** As it is, so that something can be added to it. */
const THERE: readonly SchemaObject[] = [
  { kind: 'table', name: ['s', 't'], attributes: {} },
  { kind: 'column', name: ['s', 't', 'id'], attributes: { position: 1, type: 'integer' } },
];
const refusedOf = async (actual: SchemaSnapshot, expected: SchemaSnapshot) =>
  (await refusals(additionsBetween(actual, expected))).map(
    ({ subject, why }) => `${subject.name.join('.')}: ${why}`,
  );

test('everything that a server has written is let through', async () => {
  expect(await refusedOf(EMPTY, full)).toEqual([]);
});

const column = (attributes: SchemaObject['attributes']): SchemaObject => ({
  kind: 'column',
  name: ['s', 't', 'c'],
  attributes: { position: 2, type: 'integer', ...attributes },
});
const inTable = (kind: string, definition: string): SchemaObject => ({
  kind,
  name: ['s', 't', 'x'],
  attributes: { definition },
});

const ATTACKS: readonly (readonly [what: string, object: SchemaObject, why: string])[] = [
  [
    'a view with a second statement',
    { kind: 'view', name: ['s', 'x'], attributes: { definition: ' SELECT 1; DROP TABLE users;' } },
    's.x: it holds 2 statements',
  ],
  [
    'a view that deletes',
    {
      kind: 'view',
      name: ['s', 'x'],
      attributes: { definition: 'WITH d AS (DELETE FROM s.t RETURNING 1) SELECT * FROM d' },
    },
    's.x: it does something else',
  ],
  [
    'a materialized view that acts',
    {
      kind: 'materialized view',
      name: ['s', 'x'],
      attributes: { definition: 'SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_stat_activity' },
    },
    's.x: it calls pg_catalog.pg_terminate_backend()',
  ],
  [
    'a materialized view that runs a text',
    {
      kind: 'materialized view',
      name: ['s', 'x'],
      attributes: { definition: "SELECT query_to_xml('DROP TABLE s.t', true, true, '')" },
    },
    'it calls query_to_xml()',
  ],
  [
    'a default with another command',
    column({ default: '0, DROP COLUMN id' }),
    's.t.c: this is not one expression',
  ],
  [
    'a default with another column',
    column({ default: '0), ADD COLUMN evil int DEFAULT (1' }),
    'this is not one expression',
  ],
  ['a default that acts', column({ default: 'lo_unlink(1)' }), 'it calls lo_unlink()'],
  [
    'a default that comments the rest out',
    column({ default: '0; DROP TABLE s.t --' }),
    'this is not one expression',
  ],
  [
    'a type that says more',
    column({ type: 'integer REFERENCES s.o, DROP COLUMN id' }),
    'this is not one type',
  ],
  ['a type with a statement', column({ type: 'integer; DROP TABLE s.t' }), 'this is not one type'],
  [
    'a generated expression that ends early',
    column({ generated: '1) STORED, DROP COLUMN id, ADD COLUMN e int GENERATED ALWAYS AS (2 STORED' }),
    'this is not one expression',
  ],
  [
    'an identity with more',
    column({ identity: 'ALWAYS (START 1), DROP COLUMN id' }),
    'it does something else',
  ],
  [
    'an identity with a statement',
    column({ identity: 'ALWAYS (START 1); DROP TABLE s.t' }),
    'it holds 2 statements',
  ],
  [
    'a check with another command',
    inTable('constraint', 'CHECK (id > 0), DROP COLUMN id, ADD CONSTRAINT y CHECK (true)'),
    'it does something else',
  ],
  ['a constraint that is none', inTable('constraint', 'UNIQUE (id); TRUNCATE s.t'), 'it holds 2 statements'],
  ['an index of another table', inTable('index', 'CREATE INDEX x ON s.other USING btree (id)'), ''],
  [
    'an index with a statement',
    inTable('index', 'CREATE INDEX x ON s.t USING btree (id); DROP TABLE s.t'),
    'it holds 2 statements',
  ],
  [
    'a trigger of another name',
    inTable('trigger', 'CREATE TRIGGER y BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()'),
    'it does something else',
  ],
  [
    'a trigger that replaces',
    inTable(
      'trigger',
      'CREATE OR REPLACE TRIGGER x BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()',
    ),
    'it does something else',
  ],
  ['a trigger that is a DROP', inTable('trigger', 'DROP TABLE s.t'), 'does more than add'],
  [
    'a trigger that is a block',
    inTable('trigger', 'DO $$ BEGIN DELETE FROM s.t; END $$'),
    'does more than add',
  ],
  [
    'a rule that replaces',
    inTable('rule', 'CREATE OR REPLACE RULE x AS ON INSERT TO s.t DO NOTHING'),
    'it does something else',
  ],
  [
    'a policy with more',
    {
      kind: 'policy',
      name: ['s', 't', 'x'],
      attributes: { command: 'ALL', using: 'true) WITH CHECK (true); DROP TABLE s.t; SELECT (1' },
    },
    'this is not one expression',
  ],
  [
    'a policy with an odd command',
    { kind: 'policy', name: ['s', 't', 'x'], attributes: { command: 'ALL; DROP TABLE s.t; SELECT 1 AS x' } },
    'it is no SQL',
  ],
  [
    'a function of another name',
    {
      kind: 'function',
      name: ['s', 'f'],
      identity: 's.f()',
      attributes: {
        definition: 'CREATE OR REPLACE FUNCTION s.g()\n RETURNS int LANGUAGE sql AS $$SELECT 1$$',
      },
    },
    's.f: it does something else',
  ],
  [
    'a function and a statement',
    {
      kind: 'function',
      name: ['s', 'f'],
      identity: 's.f()',
      attributes: {
        definition:
          'CREATE OR REPLACE FUNCTION s.f()\n RETURNS int LANGUAGE sql AS $$SELECT 1$$; DROP TABLE s.t',
      },
    },
    'it holds 2 statements',
  ],
  [
    'an identity of a function with more',
    {
      kind: 'aggregate',
      name: ['s', 'a'],
      identity: 's.a(int) (SFUNC = int4pl, STYPE = int); DROP TABLE s.t; CREATE AGGREGATE s.a(int)',
      attributes: { definition: 'SFUNC = int4pl, STYPE = int' },
    },
    's.a: it holds 3 statements',
  ],
  [
    'a sequence with more',
    {
      kind: 'sequence',
      name: ['s', 'q'],
      attributes: {
        type: 'bigint',
        start: '1; DROP TABLE s.t',
        increment: '1',
        minimum: '1',
        maximum: '9',
        cache: '1',
      },
    },
    's.q: it',
  ],
  [
    'a domain with a statement',
    { kind: 'domain', name: ['s', 'd'], attributes: { type: 'text; DROP TABLE s.t' } },
    'this is not one type',
  ],
  [
    'statistics that are an ALTER',
    { kind: 'statistics', name: ['s', 'x'], attributes: { definition: 'ALTER TABLE s.t DROP COLUMN id' } },
    'it does something else',
  ],
  [
    'a publication with more',
    {
      kind: 'publication',
      name: ['p'],
      attributes: { publishes: 'insert', tables: ['s.t; DROP TABLE s.t; CREATE TABLE s.u (id int)'] },
    },
    'p: it',
  ],
  [
    'an event trigger with more',
    {
      kind: 'event trigger',
      name: ['e'],
      attributes: { event: 'ddl_command_end', function: 's.f(); DROP TABLE s.t' },
    },
    'e: it',
  ],
];

test.each(ATTACKS)('refused: %s', async (_what, object, why) => {
  const found = await refusedOf(with_(...THERE), with_(...THERE, object));
  // of one the definition is not even taken up
  expect(found.join('\n')).toContain(why);
  if (why === '') expect(additionsBetween(with_(...THERE), with_(...THERE, object))).toEqual([]);
});

test('a new table with a column that brings others', async () => {
  const table: SchemaObject = { kind: 'table', name: ['s', 'n'], attributes: {} };
  const evil = { ...column({ identity: 'ALWAYS (START 1), evil int' }), name: ['s', 'n', 'c'] };
  expect(await refusedOf(with_(), with_(table, evil))).toEqual(['s.n: it has other columns than are listed']);
  const bound: SchemaObject = {
    kind: 'table',
    name: ['s', 'part'],
    attributes: { partition_of: 's.t', partition_bound: 'DEFAULT, DROP COLUMN id' },
  };
  expect((await refusedOf(with_(...THERE), with_(...THERE, bound))).join()).toMatch(
    /it is no SQL|something else/,
  );
});

test('quotes in names, comments, labels and options stay in them', async () => {
  const evil = `x'"; DROP TABLE s.t; --`;
  const objects: SchemaObject[] = [
    {
      kind: 'table',
      name: ['s', evil],
      attributes: { comment: evil, options: [`fillfactor=${evil}`], tablespace: evil },
    },
    {
      kind: 'column',
      name: ['s', evil, evil],
      attributes: { position: 1, type: 'integer', comment: `\\${evil}`, options: [`${evil}=1`] },
    },
    { kind: 'enum', name: ['s', 'e'], attributes: { labels: [evil, `\\'`] } },
    { kind: 'policy', name: ['s', evil, 'p'], attributes: { command: 'ALL', roles: [evil] } },
  ];
  const additions = additionsBetween(with_(), with_(...objects));
  expect(additions.length).toBeGreaterThan(1);
  expect(await refusals(additions)).toEqual([]);
});
