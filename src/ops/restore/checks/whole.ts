import { displayName, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { shellWord } from '../../../text/shell.ts';
import { count, plural } from '../../../text/units.ts';
import type { DumpedTable, ObjectKind } from '../../archive/sql/tally.ts';
import type { Check, ResultTable } from '../../engine/plan.ts';
import { wholeObjects, wholeTables } from '../queries/whole.ts';
import type { Situation } from '../situation.ts';
import type { Foreign } from '../source/foreign.ts';
import { listed, means, NAMED } from './names.ts';

/** What a dump that others made would leave of a database. */
export interface Whole {
  readonly checks: Check[];
  readonly tables: ResultTable[];
}

/** A table as it is now, beside the dump. */
interface Beside {
  readonly schema: string;
  readonly name: string;
  readonly dumped: DumpedTable | undefined;
  /** As people read it; `0` where it is certain. */
  readonly now: string;
  readonly filled: boolean;
}

const TITLE = 'Content';
const SHOWN = 20;
/** Tables up to this size are counted; of larger ones the server's own estimate has to do. */
const COUNTED_BYTES = 64 * 1024 ** 2;
/** What stands for the large objects among the names of `--missing`. */
const LARGE_OBJECTS = 'large objects';
const WAY_OUT = 'Restore it into a new database with --into NAME, or its tables with --table.';

/** Whether a dump can make a database that has its rows: rows without their tables cannot be loaded. */
export function newChecks({ source }: Situation): Check[] {
  const part = source?.foreign && rowsAlone(source.foreign.dumped.tables);
  if (part === undefined) return [];
  return [
    {
      title: TITLE,
      status: 'block',
      detail: `${part} Restore them into a database that has the tables, with --table.`,
    },
  ];
}

/**
 * Compares a dump that others made with the database that it would replace: a part of a database would take the rest of it
 * away. Tables that it lacks may be named with --missing. Throws DbError.
 */
export async function wholeChecks(situation: Situation): Promise<Whole> {
  const { context, database, live, input, source } = situation;
  const { foreign } = source ?? {};
  if (live === undefined || foreign === undefined) return { checks: [], tables: [] };
  const session = await context.open('pgdeck-plan', database, 'slow');
  try {
    const beside = await besides(session, foreign);
    const [objects] = await session.run(wholeObjects, undefined);
    const checks: Check[] = [];
    const part = partOf(foreign, beside, objects?.indexes ?? 0);
    if (part !== undefined)
      checks.push({
        title: TITLE,
        status: 'block',
        detail: `${part} ${database} would have nothing else. ${WAY_OUT}`,
      });
    else {
      const objectsLost =
        (objects?.large_objects ?? 0) > 0 && !foreign.dumped.objects.has('large object')
          ? (objects?.large_objects ?? 0)
          : 0;
      checks.push(...missingChecks(beside, objectsLost, input.missing, database));
    }
    checks.push(...namedChecks(beside, input.missing, database));
    if (objects !== undefined) checks.push(...objectChecks(foreign, objects));
    if (checks.every(({ status }) => status === 'ok'))
      checks.push({
        title: TITLE,
        status: 'ok',
        detail: `It has every table of ${database} that has rows, with rows.`,
      });
    return { checks, tables: [tableOf(beside, foreign)] };
  } finally {
    await session.close();
  }
}

/** Tables that are there now, those that matter counted. */
async function besides(session: Session, { dumped }: Foreign): Promise<Beside[]> {
  const found = await session.run(wholeTables, undefined);
  const there = new Map(dumped.tables.map((table) => [JSON.stringify([table.schema, table.name]), table]));
  const all: Beside[] = [];
  for (const { schema, name, bytes, about, readable } of found) {
    const table = there.get(JSON.stringify([schema, name]));
    const matters = table?.defined !== true || table.rows === undefined || table.rows === 0;
    if (bytes === 0) all.push({ schema, name, dumped: table, now: '0', filled: false });
    else if (!matters)
      all.push({ schema, name, dumped: table, now: about > 0 ? `~${count(about)}` : '?', filled: true });
    else
      all.push({
        schema,
        name,
        dumped: table,
        ...(await rowsNow(session, { schema, name }, bytes ?? Number.POSITIVE_INFINITY, about, readable)),
      });
  }
  return all;
}

/** What cannot be looked at is taken to have rows. */
async function rowsNow(
  session: Session,
  table: { schema: string; name: string },
  bytes: number,
  about: number,
  readable: boolean,
): Promise<{ now: string; filled: boolean }> {
  const unknown = { now: about > 0 ? `~${count(about)}` : '?', filled: true };
  if (!readable) return unknown;
  try {
    const relation = `ONLY ${quoteRelation(table)}`;
    if (bytes <= COUNTED_BYTES) {
      const [row] = await session.sql(`SELECT count(*)::float8 AS rows FROM ${relation}`);
      const rows = Number(row?.rows ?? 0);
      return { now: count(rows), filled: rows > 0 };
    }
    const [row] = await session.sql(`SELECT EXISTS (SELECT FROM ${relation}) AS filled`);
    return row?.filled === true ? unknown : { now: '0', filled: false };
  } catch {
    return unknown;
  }
}

/** Why it is a part of a database, whatever the database has; undefined when it may be a whole one. */
function partOf({ dumped }: Foreign, beside: readonly Beside[], indexes: number): string | undefined {
  const { tables, objects } = dumped;
  const defined = tables.filter((table) => table.defined && table.plain);
  if (tables.length === 0)
    return beside.length === 0 ? undefined : `The file holds ${kindsOf(objects)} and no tables.`;
  const alone = rowsAlone(tables);
  if (alone !== undefined) return alone;
  if (defined.length > 0 && defined.every(({ rows }) => rows === undefined))
    return `The file holds only definitions and no rows (${plural(defined.length, 'table')}).`;
  const built = (['index', 'constraint', 'trigger'] as const).some((kind) => objects.has(kind));
  if (!built && indexes > 0 && beside.some(({ dumped: table }) => table?.defined))
    return 'The file holds tables without any index, constraint or trigger, as of one section of a dump.';
  return undefined;
}

function rowsAlone(tables: readonly DumpedTable[]): string | undefined {
  const alone = tables.filter(({ defined, rows }) => !defined && rows !== undefined);
  if (alone.length === 0) return undefined;
  return `The file holds only rows and no definitions of ${listed(alone)}.`;
}

function kindsOf(objects: ReadonlyMap<ObjectKind, number>): string {
  const words = [...objects].map(([kind, n]) => plural(n, kind));
  return words.length === 0 ? 'nothing' : words.join(', ');
}

/** Tables with rows that the dump lacks, or has no rows of. */
function missingChecks(
  beside: readonly Beside[],
  objectsLost: number,
  named: readonly string[],
  database: string,
): Check[] {
  const lost = beside.filter(
    ({ filled, dumped }) => filled && (!dumped?.defined || dumped.rows === undefined),
  );
  const refused = lost.filter((one) => !named.some((text) => means(text, one)));
  const objects = objectsLost > 0 && !named.includes(LARGE_OBJECTS);
  const checks: Check[] = [];
  if (refused.length > 0 || objects) {
    const words = [
      ...(refused.length > 0 ? [`${listed(refused)} ${refused.length === 1 ? 'has' : 'have'} rows now`] : []),
      ...(objects ? [`there are ${plural(objectsLost, 'large object')} now`] : []),
    ];
    const flags = [
      ...refused
        .slice(0, NAMED)
        .map(({ schema, name }) => `--missing ${shellWord(displayName(schema, name))}`),
      ...(objects ? [`--missing '${LARGE_OBJECTS}'`] : []),
    ];
    checks.push({
      title: TITLE,
      status: 'block',
      detail:
        `${words.join(', and ')}, and the file has none of them: they would be gone from ${database}. ${WAY_OUT} ` +
        `If it is an older dump of all there was, say so by naming each: ${flags.join(' ')}${refused.length > NAMED ? ' …' : ''}`,
    });
  }
  const accepted = lost.filter((one) => !refused.includes(one));
  if (accepted.length > 0)
    checks.push({
      title: TITLE,
      status: 'warn',
      detail: `${listed(accepted)} will be gone from ${database}: named with --missing.`,
    });
  const emptied = beside.filter(({ filled, dumped }) => filled && dumped?.defined && dumped.rows === 0);
  if (emptied.length > 0)
    checks.push({
      title: TITLE,
      status: 'warn',
      detail: `${listed(emptied)} ${emptied.length === 1 ? 'has' : 'have'} rows now, and will have none: the file has none.`,
    });
  return checks;
}

/** A name that is none would let somebody believe that it was said. */
function namedChecks(beside: readonly Beside[], named: readonly string[], database: string): Check[] {
  const unknown = named.filter((text) => text !== LARGE_OBJECTS && !beside.some((one) => means(text, one)));
  if (unknown.length === 0) return [];
  return [
    {
      title: 'Missing',
      status: 'block',
      detail: `${database} has no table ${unknown.join(', ')}: --missing names tables that are there now and not in the file.`,
    },
  ];
}

function objectChecks(
  { dumped }: Foreign,
  now: {
    sequences: string[] | null;
    views: string[] | null;
    schemas: string[] | null;
    extensions: string[] | null;
    functions: number;
  },
): Check[] {
  const names = (...kinds: ObjectKind[]) =>
    new Set(kinds.flatMap((kind) => [...(dumped.names.get(kind) ?? [])]));
  const lacking = (all: string[] | null, there: ReadonlySet<string>) =>
    (all ?? []).filter((one) => !there.has(one));
  const lost = [
    ...lacking(now.schemas, names('schema')).map((name) => `the schema ${name}`),
    ...lacking(now.extensions, names('extension')).map((name) => `the extension ${name}`),
    ...lacking(now.views, names('view', 'materialized view')).map((name) => `the view ${name}`),
    ...lacking(now.sequences, names('sequence')).map((name) => `the sequence ${name}`),
    ...(now.functions > 0 && !dumped.objects.has('function') ? ['all functions'] : []),
  ];
  if (lost.length === 0) return [];
  const more = lost.length > NAMED ? ` and ${lost.length - NAMED} more` : '';
  return [
    {
      title: 'Objects',
      status: 'warn',
      detail: `The file does not have ${lost.slice(0, NAMED).join(', ')}${more}, which will be gone.`,
    },
  ];
}

function tableOf(beside: readonly Beside[], { dumped }: Foreign): ResultTable {
  const known = new Set(beside.map(({ schema, name }) => JSON.stringify([schema, name])));
  const fresh = dumped.tables.filter(
    ({ schema, name, plain }) => plain && !known.has(JSON.stringify([schema, name])),
  );
  const rows = [
    ...beside.map(({ schema, name, now, filled, dumped: table }) => ({
      cells: [displayName(schema, name), now, inFile(table), note(filled, table)],
      rank: filled && note(filled, table) !== '' ? 0 : 1,
      rows: table?.rows ?? 0,
    })),
    ...fresh.map((table) => ({
      cells: [displayName(table.schema, table.name), 'no table', inFile(table), 'new'],
      rank: 1,
      rows: table.rows ?? 0,
    })),
  ].sort((a, b) => a.rank - b.rank || b.rows - a.rows);
  const more = rows.length - SHOWN;
  return {
    title: 'The file beside the database',
    columns: ['Table', 'Rows now', 'In the file', ''],
    rows: [
      ...rows.slice(0, SHOWN).map(({ cells }) => cells),
      ...(more > 0 ? [[`${plural(more, 'more table')}`, '', '', '']] : []),
    ],
  };
}

function inFile(table: DumpedTable | undefined): string {
  if (table === undefined) return 'no table';
  if (table.rows === undefined) return 'no rows';
  const rows = table.rows === null ? 'not counted' : count(table.rows);
  return table.defined ? rows : `${rows}, no definition`;
}

function note(filled: boolean, table: DumpedTable | undefined): string {
  if (!table?.defined) return filled ? 'will be gone' : 'gone, empty now';
  if (!filled) return '';
  return table.rows === undefined || table.rows === 0 ? 'will be empty' : '';
}
