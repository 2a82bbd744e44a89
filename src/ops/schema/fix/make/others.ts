import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { partsOfName, quoted } from '../names.ts';
import { type Addition, addition, type Statement, type TakenLock } from '../statement.ts';
import { list, type Sides, type Structure, text } from '../structure.ts';
import { commentOf } from './comment.ts';

export function makeStatistics(statistics: SchemaObject, { actual }: Sides): Addition[] {
  const name = quoted(statistics.name);
  const { target } = statistics.attributes;
  const definition = text(statistics, 'definition') ?? '';
  return made(
    statistics,
    definition,
    typeof target === 'number' ? [{ sql: `ALTER STATISTICS ${name} SET STATISTICS ${target}` }] : [],
    lockedOf([/ FROM (.+)$/.exec(definition)?.[1] ?? ''], actual),
  );
}

const FIRES: Readonly<Record<string, string>> = {
  disabled: 'DISABLE',
  replica: 'ENABLE REPLICA',
  always: 'ENABLE ALWAYS',
};

export function makeEventTrigger(trigger: SchemaObject): Addition[] {
  const name = quoted(trigger.name);
  const tags = list(trigger, 'tags').map((tag) => quoteLiteral(tag).trim());
  const fires = FIRES[text(trigger, 'fires') ?? ''];
  const sql = [
    `CREATE EVENT TRIGGER ${name} ON ${text(trigger, 'event')}`,
    ...(tags.length === 0 ? [] : [`WHEN TAG IN (${tags.join(', ')})`]),
    `EXECUTE FUNCTION ${text(trigger, 'function')}`,
  ].join(' ');
  return made(trigger, sql, [
    ...(fires === undefined ? [] : [{ sql: `ALTER EVENT TRIGGER ${name} ${fires}` }]),
  ]);
}

/** What subscribers get is theirs to fetch: a publication alone sends nothing. */
export function makePublication(publication: SchemaObject, { actual }: Sides): Addition[] {
  const { attributes } = publication;
  const schemas = list(publication, 'schemas').map(quoteIdent);
  // the word is said once: before 15 it may not be said again
  const what = [...named('TABLE', list(publication, 'tables')), ...named('TABLES IN SCHEMA', schemas)];
  const options = [
    `publish = ${quoteLiteral(text(publication, 'publishes') ?? '').trim()}`,
    ...(attributes.via_root === true ? ['publish_via_partition_root = true'] : []),
    ...(typeof attributes.generated_columns === 'string'
      ? [`publish_generated_columns = ${quoteIdent(attributes.generated_columns)}`]
      : []),
  ];
  const sql = [
    `CREATE PUBLICATION ${quoted(publication.name)}`,
    ...(attributes.all_tables === true
      ? ['FOR ALL TABLES']
      : what.length > 0
        ? [`FOR ${what.join(', ')}`]
        : []),
    `WITH (${options.join(', ')})`,
  ].join(' ');
  // a column list or a condition stands behind the name
  const tables = list(publication, 'tables').map((one) => TABLE.exec(one)?.[0] ?? '');
  return made(publication, sql, [], lockedOf(tables, actual));
}

const PART = String.raw`(?:"(?:[^"]|"")+"|[^\s".(]+)`;
const TABLE = new RegExp(String.raw`^${PART}\.${PART}`);

/** The tables of these names that are there: nobody else may change them meanwhile. */
function lockedOf(names: readonly string[], actual: Structure): TakenLock[] {
  return names.flatMap((name) => {
    const on = partsOfName(name);
    return on === undefined || actual.of('table', on) === undefined
      ? []
      : [{ lock: 'ShareUpdateExclusiveLock' as const, on }];
  });
}

function named(word: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${word} ${names.join(', ')}`];
}

function made(
  object: SchemaObject,
  sql: string,
  more: readonly Statement[] = [],
  [own, ...also]: readonly TakenLock[] = [],
): Addition[] {
  const back = `DROP ${object.kind.toUpperCase()} ${quoted(object.name)}`;
  return [
    addition(object, 'other', [{ sql: sql.trim(), back }, ...more, ...commentOf(object)], { ...own, also }),
  ];
}
