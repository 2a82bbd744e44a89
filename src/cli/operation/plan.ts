import {
  type Check,
  type Fact,
  type Plan,
  type ResultTable,
  type Step,
  withFlag,
} from '../../ops/engine/plan.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { width } from '../../text/width.ts';
import { tableText } from '../output/table.ts';

/** A plan as text: what is known, what was checked, what would be done and how it could be taken back. Clean. */
export function planText(plan: Plan, room?: number): string[] {
  const { title, server, facts, checks, tables = [], steps, consequence, undo } = plan;
  const undone = undo === 'undo' ? 'pgdeck undo RUN' : undo?.command;
  return [
    cleanLine(title),
    `on ${cleanLine(server)}`,
    ...section('', aligned(facts.map(({ label, value }: Fact) => [label, value]))),
    ...tables.flatMap((table) => resultText(table, room)),
    ...section(
      'Checks:',
      aligned(checks.map((check) => [MARK[check.status], `${check.title}: ${withFlag(check)}`])),
    ),
    ...section('Steps:', steps.flatMap(stepText)),
    ...section('', consequence === undefined ? [] : [cleanLine(consequence)]),
    ...section('', undone === undefined ? [] : [`Afterwards it can be undone: ${cleanLine(undone)}`]),
  ];
}

const MARK: Readonly<Record<Check['status'], string>> = { ok: 'ok', warn: 'warn', block: 'BLOCK' };

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...(heading === '' ? [] : [heading]), ...lines];
}

/** Pairs below each other, the second parts in one column. */
function aligned(pairs: readonly (readonly [string, string])[]): string[] {
  const clean = pairs.map(([left, right]) => [cleanLine(left), cleanBlock(right)] as const);
  const most = Math.max(0, ...clean.map(([left]) => width(left)));
  const gap = ' '.repeat(most + 4);
  return clean.map(
    ([left, right]) => `  ${left}${' '.repeat(most - width(left))}  ${right.replaceAll('\n', `\n${gap}`)}`,
  );
}

function stepText({ title, preview, effect, always }: Step, at: number): string[] {
  const notes = [effect, always ? 'also when an earlier step fails' : undefined].filter(
    (one) => one !== undefined,
  );
  const aside = notes.length === 0 ? '' : `  (${cleanLine(notes.join('; '))})`;
  const number = `${at + 1}. `;
  const shown = cleanBlock(preview).trimEnd();
  return [
    `  ${number}${cleanLine(title)}${aside}`,
    ...(shown === '' ? [] : shown.split('\n').map((line) => `     ${line}`.trimEnd())),
  ];
}

/** Rows told one by one where the table is wider than the terminal. */
const RECORDS = 30;

/**
 * A result table as text after an empty line, with its title, and without a heading where it has none. Clean. Where it is
 * wider than `room` each row is told with its headings: a command in it is there to be copied.
 */
export function resultText({ title, columns, rows }: ResultTable, room?: number): string[] {
  const named = rows.map((row) => Object.fromEntries(row.map((cell, at) => [String(at), cell])));
  const heads = columns.map((head, at) => ({ key: String(at), title: cleanLine(head) }));
  const wide = room !== undefined && tableText(named, heads).some((line) => width(line) > room);
  if (wide && rows.length <= RECORDS)
    return [
      '',
      ...(title === '' ? [] : [`${cleanLine(title)}:`]),
      ...rows.flatMap((row) => record(columns, row)),
    ];
  const [head = '', ...body] = tableText(named, heads, room);
  return ['', ...(title === '' ? [] : [`${cleanLine(title)}:`]), ...(head === '' ? [] : [head]), ...body];
}

function record(columns: readonly string[], [name = '', ...values]: readonly string[]): string[] {
  const told = values.flatMap((value, at) =>
    value === '' ? [] : [`    ${`${cleanLine(columns[at + 1] ?? '')} ${cleanLine(value)}`.trim()}`],
  );
  return [`  ${cleanLine(name)}`, ...told];
}

/** A plan as one JSON object. */
export function planJson(plan: Plan): Record<string, unknown> {
  const { operation, title, subject, danger, writes, server, input, facts, checks, consequence, undo } = plan;
  return {
    ...{ operation, title, subject, danger, writes, server, input, facts },
    checks: checks.map((check) => ({ title: check.title, status: check.status, detail: withFlag(check) })),
    blocked: checks.some((check) => check.status === 'block'),
    tables: plan.tables ?? [],
    steps: plan.steps.map(({ id, title, preview, effect, always }) => ({
      ...{ id, title, preview },
      effect: effect ?? null,
      always: always ?? false,
    })),
    consequence: consequence ?? null,
    undo: undo === undefined ? null : undo === 'undo' ? 'pgdeck undo RUN' : undo.command,
  };
}
