import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import { pathOf } from '../../format.ts';
import { makePolicy } from '../make/actions.ts';
import { commentTarget } from '../make/comment.ts';
import { quoted } from '../names.ts';
import { list, type Sides, text } from '../structure.ts';
import type { Change } from './change.ts';
import { columnSuggestion } from './columns.ts';

type Suggest = (change: Change, sides: Sides) => string[];

/** By kind, what a person may do about an attribute. */
const SUGGEST: Readonly<Record<string, Suggest>> = {
  __proto__: null as never,
  column: columnSuggestion,
  table: tableSuggestion,
  'foreign table': tableSuggestion,
  constraint: constraintSuggestion,
  index: indexSuggestion,
  function: replaced,
  procedure: replaced,
  aggregate: recreated,
  view: viewSuggestion,
  'materialized view': recreated,
  trigger: triggerSuggestion,
  rule: triggerSuggestion,
  policy: policySuggestion,
  sequence: sequenceSuggestion,
  enum: () => ['-- values cannot be removed or moved: a new type, and the columns altered to it'],
  domain: domainSuggestion,
  extension: extensionSuggestion,
};

/** Statements for a person to look at and run; with a comment where only they know more. Empty: none. */
export function suggestionOf(change: Change, sides: Sides): string[] {
  const { expected, key } = change;
  if (key === 'comment') {
    const target = commentTarget(expected);
    const comment = text(expected, 'comment');
    if (target === undefined) return [];
    return [`COMMENT ON ${target} IS ${comment === undefined ? 'NULL' : quoteLiteral(comment).trim()}`];
  }
  return SUGGEST[expected.kind]?.(change, sides) ?? [];
}

function tableSuggestion({ actual, expected, key }: Change): string[] {
  const alter = `ALTER TABLE ${quoted(expected.name)}`;
  const on = expected.attributes[key] === true;
  if (key === 'row_security') return [`${alter} ${on ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`];
  if (key === 'force_row_security') return [`${alter} ${on ? 'FORCE' : 'NO FORCE'} ROW LEVEL SECURITY`];
  if (key === 'unlogged') return [`-- writes the table anew`, `${alter} SET ${on ? 'UNLOGGED' : 'LOGGED'}`];
  if (key === 'replica_identity')
    return [`${alter} REPLICA IDENTITY ${(text(expected, key) ?? 'default').toUpperCase()}`];
  if (key === 'tablespace')
    return [
      '-- writes the table anew',
      `${alter} SET TABLESPACE ${quoteIdent(text(expected, key) ?? 'pg_default')}`,
    ];
  if (key === 'options') return optionChanges(alter, list(actual, key), list(expected, key));
  if (key === 'partition_of' || key === 'partition_bound') {
    const bound = text(expected, 'partition_bound');
    if (actual.attributes.partition_of === undefined && bound !== undefined)
      return [
        `ALTER TABLE ${text(expected, 'partition_of')} ATTACH PARTITION ${quoted(expected.name)} ${bound}`,
      ];
    return ['-- a partition is detached and attached again with other bounds'];
  }
  return [];
}

/** What is set otherwise, and what is set too much. */
function optionChanges(alter: string, there: readonly string[], wanted: readonly string[]): string[] {
  const set = wanted.filter((option) => !there.includes(option));
  const names = new Set(wanted.map((option) => option.split('=')[0]));
  const reset = there.map((option) => option.split('=')[0]).filter((name) => !names.has(name));
  return [
    ...(set.length > 0 ? [`${alter} SET (${set.join(', ')})`] : []),
    ...(reset.length > 0 ? [`${alter} RESET (${reset.join(', ')})`] : []),
  ];
}

function constraintSuggestion({ expected, key }: Change): string[] {
  if (key !== 'definition') return [];
  const alter = `ALTER TABLE ${quoted(expected.name.slice(0, 2))}`;
  const own = quoteIdent(expected.name[2] ?? '');
  return [
    `BEGIN`,
    `${alter} DROP CONSTRAINT ${own}`,
    `${alter} ADD CONSTRAINT ${own} ${text(expected, 'definition')}`,
    `COMMIT`,
  ];
}

function indexSuggestion({ expected, key }: Change): string[] {
  const index = quoted([expected.name[0] ?? '', expected.name[2] ?? '']);
  // that of a partitioned table: REINDEX does not make it valid
  if (key === 'invalid')
    return expected.attributes.invalid === true
      ? []
      : [
          `-- it is valid as soon as every partition has such an index: CREATE INDEX CONCURRENTLY on each, then ALTER INDEX ${index} ATTACH PARTITION …`,
        ];
  if (key !== 'definition') return [];
  return [
    '-- until it is there again queries go without it, and a unique one is not kept',
    `DROP INDEX CONCURRENTLY ${index}`,
    (text(expected, key) ?? '').replace(/^(CREATE (?:UNIQUE )?INDEX) /, '$1 CONCURRENTLY '),
  ];
}

function replaced({ expected, key }: Change): string[] {
  return key === 'definition' ? [(text(expected, key) ?? '').trimEnd()] : [];
}

function recreated({ expected, key }: Change): string[] {
  if (key !== 'definition') return [];
  const drop = `DROP ${expected.kind.toUpperCase()} ${expected.identity ?? quoted(expected.name)}`;
  return [`-- with what depends on it`, drop, `-- and then: pgdeck schema fix`];
}

function viewSuggestion(change: Change): string[] {
  const { actual, expected, key } = change;
  const name = quoted(expected.name);
  if (key === 'options') return optionChanges(`ALTER VIEW ${name}`, list(actual, key), list(expected, key));
  if (key !== 'definition') return [];
  return [
    '-- refused where a column goes or changes its type: then DROP VIEW, and pgdeck schema fix',
    `CREATE OR REPLACE VIEW ${name} AS ${(text(expected, key) ?? '').trim().replace(/;$/, '')}`,
  ];
}

function triggerSuggestion({ expected, key }: Change): string[] {
  const { kind, name } = expected;
  const [relation, own] = [quoted(name.slice(0, 2)), quoteIdent(name[2] ?? '')];
  const word = kind.toUpperCase();
  if (key === 'fires') {
    const how = { disabled: 'DISABLE', replica: 'ENABLE REPLICA', always: 'ENABLE ALWAYS' }[
      text(expected, key) ?? ''
    ];
    return [`ALTER TABLE ${relation} ${how ?? 'ENABLE'} ${word} ${own}`];
  }
  if (key !== 'definition') return [];
  return [
    'BEGIN',
    `DROP ${word} ${own} ON ${relation}`,
    (text(expected, key) ?? '').replace(/;$/, ''),
    'COMMIT',
  ];
}

function policySuggestion({ expected, key }: Change, sides: Sides): string[] {
  // these cannot be altered
  if (key === 'command' || key === 'restrictive')
    return [
      'BEGIN',
      `DROP POLICY ${quoteIdent(expected.name[2] ?? '')} ON ${quoted(expected.name.slice(0, 2))}`,
      ...makePolicy(expected, sides).flatMap(({ statements }) => statements.map(({ sql }) => sql)),
      'COMMIT',
    ];
  const roles = list(expected, 'roles').map((role) => (role === 'PUBLIC' ? role : quoteIdent(role)));
  const [using, check] = [text(expected, 'using'), text(expected, 'check')];
  return [
    [
      `ALTER POLICY ${quoteIdent(expected.name[2] ?? '')} ON ${quoted(expected.name.slice(0, 2))}`,
      ...(roles.length > 0 ? [`TO ${roles.join(', ')}`] : []),
      ...(using === undefined ? [] : [`USING (${using})`]),
      ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
    ].join(' '),
  ];
}

const SEQUENCE_WORDS: Readonly<Record<string, string>> = {
  type: 'AS',
  start: 'START WITH',
  increment: 'INCREMENT BY',
  minimum: 'MINVALUE',
  maximum: 'MAXVALUE',
  cache: 'CACHE',
  owned_by: 'OWNED BY',
};

function sequenceSuggestion({ expected, key }: Change): string[] {
  const alter = `ALTER SEQUENCE ${quoted(expected.name)}`;
  if (key === 'cycle') return [`${alter} ${expected.attributes.cycle === true ? '' : 'NO '}CYCLE`];
  const word = SEQUENCE_WORDS[key];
  return word === undefined ? [] : [`${alter} ${word} ${text(expected, key) ?? 'NONE'}`];
}

function domainSuggestion({ expected, key }: Change): string[] {
  const alter = `ALTER DOMAIN ${quoted(expected.name)}`;
  const value = text(expected, 'default');
  if (key === 'default')
    return [value === undefined ? `${alter} DROP DEFAULT` : `${alter} SET DEFAULT ${value}`];
  if (key === 'not_null')
    return [`${alter} ${expected.attributes.not_null === true ? 'SET' : 'DROP'} NOT NULL`];
  return [
    `-- the ${key} of ${pathOf(expected)} cannot be altered: a new domain, and the columns altered to it`,
  ];
}

function extensionSuggestion({ expected, key }: Change): string[] {
  const alter = `ALTER EXTENSION ${quoted(expected.name)}`;
  const value = text(expected, key) ?? '';
  return [
    key === 'version'
      ? `${alter} UPDATE TO ${quoteLiteral(value).trim()}`
      : `${alter} SET SCHEMA ${quoteIdent(value)}`,
  ];
}
