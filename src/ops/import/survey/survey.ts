import type { Session } from '../../../db/session.ts';
import { exact } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { importErrors } from '../errors.ts';
import { type Match, match } from '../existing/match.ts';
import type { ImportInput } from '../input.ts';
import { leftOut } from '../load/left-out.ts';
import type { Making } from '../load/transaction.ts';
import { type Decision, decide } from '../profile/decide.ts';
import { type ColumnProfile, scanTable } from '../profile/scan.ts';
import { type Chosen, derive } from '../shape/derive.ts';
import type { BadPolicy, ColumnReport, Manual, ShapedTable } from '../shape/shape.ts';
import type { SourceTable } from '../source/catalog.ts';
import { shapeSum } from '../source/moment.ts';
import type { Source } from '../source/source.ts';
import { Looked } from './looked.ts';
import { orphanChecks } from './orphans.ts';
import { type Wish, wishOf } from './wish.ts';

/** What is in a file, what it becomes, and what speaks against it. */
export interface Survey {
  readonly making: Making;
  readonly bad: BadPolicy;
  readonly rows: number;
  readonly columns: readonly ColumnReport[];
  readonly manual: readonly Manual[];
  readonly checks: readonly Check[];
  /** Tables that are left alone. */
  readonly left: readonly string[];
  /** Values that have no place. */
  readonly refused: number;
  /** Rows that are left out, since what they refer to is not there or is left out itself. */
  readonly orphans: number;
  /** See {@link shapeSum}. */
  readonly sum: string;
}

/** Reads every row of a file once. Throws {@link OpError} or DbError. */
export async function survey(
  source: Source,
  input: ImportInput,
  session: Session,
  tell: (done: number, of: number) => void = () => {},
): Promise<Survey> {
  const { catalog } = source;
  if (catalog.tables.length === 0) throw importErrors.noTables({ file: input.file });
  const wish = wishOf(input, catalog.tables);
  const others: Manual[] = catalog.others.map(({ kind, name, sql }) => ({
    ...{ table: undefined, what: `${kind} ${name}`, sql },
    why:
      kind === 'virtual table'
        ? 'SQLite makes its rows of others, or keeps them in a way of its own'
        : 'it has to be written anew',
  }));
  const looked = new Looked(source.database, wish.tables, tell);
  const found = input.into_existing
    ? await intoExisting(source, wish, input, session, looked)
    : await intoNew(source, wish, input.schema, looked);
  const refused = found.columns.reduce((sum, column) => sum + column.refused, 0);
  const orphans = leftOut(source.database, found.making.tables, wish.bad, found.columns);
  return {
    ...found,
    ...{ bad: wish.bad, manual: [...found.manual, ...others], refused, sum: shapeSum(source) },
    orphans: [...orphans.values()].reduce((sum, { size }) => sum + size, 0),
    checks: [...found.checks, ...orphanChecks(source.orphans, orphans, found.making)],
  };
}

type Found = Pick<Survey, 'making' | 'rows' | 'columns' | 'manual' | 'checks' | 'left'>;

async function intoNew(source: Source, wish: Wish, schema: string, looked: Looked): Promise<Found> {
  const chosen: Chosen[] = [];
  const columns: ColumnReport[] = [];
  let rows = 0;
  for (const table of wish.tables) {
    const profile = await scanTable(source.database, table, {
      waysOf: (column) => wish.waysOf(table, column).ways,
      onRows: looked.rows,
    });
    looked.through(profile.rows);
    rows += profile.rows;
    const decisions = profile.columns.map((column) => decide(column, wish.waysOf(table, column.column).open));
    columns.push(...decisions.map((one) => reportOf(table, one.profile, one)));
    chosen.push({
      ...{ table, hows: decisions.map(({ how }) => how) },
      nullable: new Set(
        decisions
          .filter(({ profile: { nulls }, tried }) => nulls > 0 || (wish.bad === 'null' && tried.refused > 0))
          .map(({ profile: { column } }) => column.name.toLowerCase()),
      ),
    });
  }
  const tables = await derive(chosen, schema);
  const making: Making = { tables, schema, newSchema: false, existing: false, before: [], after: [] };
  return { making, rows, columns, manual: tables.flatMap(({ manual }) => manual), checks: [], left: [] };
}

async function intoExisting(
  source: Source,
  wish: Wish,
  input: ImportInput,
  session: Session,
  looked: Looked,
): Promise<Found> {
  const { schema, triggers } = input;
  const matched = await match(session, schema, wish.tables, { ...wish.options, triggers });
  const checks: Check[] = [...matched.checks];
  const columns: ColumnReport[] = [];
  let rows = 0;
  for (const one of matched.matches) {
    const { source: table, pairs } = one;
    const profile = await scanTable(source.database, table, {
      waysOf: (column) => pairs.filter((pair) => pair.source === column).map(({ how }) => how),
      onRows: looked.rows,
    });
    looked.through(profile.rows);
    rows += profile.rows;
    for (const column of profile.columns) {
      const [tried] = column.tried;
      if (tried === undefined) continue;
      columns.push(reportOf(table, column, { tried, how: tried.how, why: undefined }));
      const nulls = column.nulls + (wish.bad === 'null' ? tried.refused : 0);
      const wants = pairs.find((pair) => pair.source === column.column)?.column.not_null;
      if (wants === true && nulls > 0)
        checks.push({
          ...{ title: `${table.name}.${column.column.name}`, status: 'block' },
          detail: `${exact(nulls)} of its values are or become NULL, and ${one.table.name} wants one.`,
        });
    }
  }
  const making: Making = {
    ...{
      tables: matched.matches.map((one) => shapedOf(one, schema)),
      schema,
      newSchema: false,
      existing: true,
    },
    ...{ before: matched.before, after: matched.after },
  };
  return { making, rows, columns, manual: [], checks, left: matched.left };
}

function shapedOf({ source, table, pairs }: Match, schema: string): ShapedTable {
  return {
    ...{ source, schema, name: table.name, identity: undefined, later: [], manual: [] },
    columns: pairs.map(({ source: column, column: there, how }) => ({
      ...{ source: column, name: there.name, how, notNull: there.not_null },
      ...{ standard: undefined, generated: undefined },
    })),
  };
}

function reportOf(
  table: SourceTable,
  profile: ColumnProfile,
  { how, tried, why }: Pick<Decision, 'how' | 'tried' | 'why'>,
): ColumnReport {
  const { column, nulls, integers, reals, texts, blobs, empties, min, max, longest } = profile;
  const classes = Object.entries({ integer: integers, real: reals, text: texts, blob: blobs, NULL: nulls });
  return {
    ...{ table: table.name, column: column.name, declared: column.declared, becomes: how.type },
    holds:
      classes
        .filter(([, n]) => n > 0)
        .map(([name, n]) => `${exact(n)} ${name}`)
        .join(', ') || 'nothing',
    range: [
      ...(min === undefined ? [] : [`${min} … ${max}`]),
      ...(longest > 0 ? [`longest ${longest}`] : []),
      ...(empties > 0 ? [`${exact(empties)} empty`] : []),
    ].join(', '),
    notes: [...(why === undefined ? [] : [why]), ...noted(tried.notes)],
    refused: tried.refused,
    bad: tried.bad,
  };
}

/** By what values were understood, where that was not plain. */
const NOTES: Readonly<Record<string, string>> = {
  ...{
    epoch_s: 'seconds since 1970',
    epoch_ms: 'milliseconds since 1970',
    epoch_us: 'microseconds since 1970',
  },
  ...{ julian: 'Julian days', text: 'text', zoned: 'text with a zone', day: 'days without a time' },
  ...{
    word: 'words for true and false',
    bytes: 'bytes taken for text',
    nul: 'NULs taken out',
    rounded: 'rounded',
  },
};

function noted(notes: ReadonlyMap<string, number>): string[] {
  const told = [...notes].filter(([name]) => notes.size > 1 || name !== 'text');
  return told.length === 0 ? [] : [told.map(([name, n]) => `${exact(n)} ${NOTES[name] ?? name}`).join(', ')];
}
