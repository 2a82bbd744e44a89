import { exact } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import type { Made } from './load/transaction.ts';
import type { ColumnReport, Manual } from './shape/shape.ts';
import type { Survey } from './survey/survey.ts';

/** How what is there was compared with what is in the file. */
export const COMPARED =
  'Every row was read back from the server, and every cell of it compared with what the file has for it: the binary bytes of all cells in their order, by SHA-256; what the server keeps in a form of its own (jsonb, generated columns, types of extensions), and all of a table whose bytes were others, by its value: the number of rows, the NULLs of each column, a sum of 64-bit hashes of each column, and one of whole rows. That tells more than sums, minima and maxima would.';

/** What each column holds and becomes. */
export function columnTable(columns: readonly ColumnReport[]): ResultTable {
  return {
    title: 'Columns',
    columns: ['Column', 'Declared', 'Holds', 'Range', 'Becomes', 'Refused', 'Note'],
    rows: columns.map((one) => [
      `${one.table}.${one.column}`,
      one.declared || 'nothing',
      ...[one.holds, one.range, one.becomes],
      one.refused === 0 ? '' : String(one.refused),
      one.notes.join('; '),
    ]),
  };
}

/** Values that have no place, the first few of each column. */
export function badTable(columns: readonly ColumnReport[]): ResultTable | undefined {
  const rows = columns.flatMap(({ table, column, becomes, bad }) =>
    bad.map(({ key, value, reason }) => [`${table}.${column}`, key, value, `${reason} (${becomes})`]),
  );
  return rows.length === 0
    ? undefined
    : { title: 'Values without a place', columns: ['Column', 'Key', 'Value', 'Reason'], rows };
}

/** What a person has to do. */
export function manualTable(manual: readonly Manual[]): ResultTable | undefined {
  if (manual.length === 0) return undefined;
  return {
    title: 'Not carried over',
    columns: ['Of', 'What', 'Why', 'SQL'],
    rows: manual.map(({ table, what, why, sql }) => [
      table ?? '',
      what,
      why,
      sql.replace(/\s+/g, ' ').trim(),
    ]),
  };
}

/** What was loaded and compared. */
export function loadedTable({ loaded }: Made): ResultTable {
  return {
    title: 'Compared',
    columns: ['Table', 'Rows', 'Cells', 'Rejects', 'Hash'],
    rows: loaded.map(({ table, rows, cells, rejects, digest }) => [
      table.name,
      ...[rows, cells, rejects].map(exact),
      digest,
    ]),
  };
}

export function numbersTable({ numbers }: Made): ResultTable | undefined {
  if (numbers.length === 0) return undefined;
  return {
    title: 'Numbers',
    columns: ['Column', 'Next'],
    rows: numbers.map(({ column, next }) => [column, next]),
  };
}

export interface Finished {
  readonly run: string;
  readonly file: string;
  readonly place: string;
  readonly survey: Survey;
  readonly made: Made;
  /** The file of rejects, where there are any. */
  readonly rejects: string | undefined;
}

/** What is shown at the end: the plan has told the rest. */
export function resultsOf({ survey, made }: Pick<Finished, 'survey' | 'made'>): ResultTable[] {
  // the SQL of a trigger is no cell of a terminal
  const manual = withoutLast(manualTable([...survey.manual, ...made.manual]));
  return [loadedTable(made), numbersTable(made), manual].flatMap((table) => table ?? []);
}

export const withoutLast = (table: ResultTable | undefined): ResultTable | undefined =>
  table && { ...table, columns: table.columns.slice(0, -1), rows: table.rows.map((row) => row.slice(0, -1)) };

function tablesOf({ survey, made }: Finished): ResultTable[] {
  const manual = manualTable([...survey.manual, ...made.manual]);
  const { columns } = survey;
  return [loadedTable(made), numbersTable(made), manual, columnTable(columns), badTable(columns)].flatMap(
    (table) => table ?? [],
  );
}

/** The report for people. */
export function markdownOf(finished: Finished): string {
  const { run, file, place, rejects } = finished;
  const head = [
    `# ${file} in ${place}`,
    '',
    `Run ${run}. ${COMPARED}`,
    ...(rejects === undefined ? [] : ['', `What had no place is in ${rejects}.`]),
  ];
  const parts = tablesOf(finished).flatMap(({ title, columns, rows }) => [
    ...['', `## ${title}`, '', line(columns), line(columns.map(() => '---'))],
    ...rows.map(line),
  ]);
  return `${[...head, ...parts].join('\n')}\n`;
}

const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replace(/[\\|]/g, '\\$&').replace(/[\0-\x1f\x7f]+/g, ' ')).join(' | ')} |`;

/** The same for programs. */
export function jsonOf({ run, file, place, survey, made, rejects }: Finished): string {
  const report = {
    ...{ run, file, place, rows: made.loaded.reduce((sum, { rows }) => sum + rows, 0) },
    rejects_file: rejects ?? null,
    tables: made.loaded.map(
      ({ table, rows, cells, rejects: refused, digest, nulls, loading, comparing }) => ({
        ...{
          name: table.name,
          source: table.source.name,
          rows,
          cells_compared: cells,
          rejects: refused,
          hash: digest,
          load_seconds: loading,
          compare_seconds: comparing,
        },
        nulls: Object.fromEntries(table.columns.map(({ name }, at) => [name, nulls[at] ?? 0])),
      }),
    ),
    columns: survey.columns,
    not_carried_over: [...survey.manual, ...made.manual],
    numbers: made.numbers,
    left_alone: survey.left,
  };
  return `${JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`;
}
