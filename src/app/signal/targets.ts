import { refusalSentence } from '../../ops/signal/sentences.ts';
import type { SignalPlan, SignalTarget, Victim } from '../../ops/signal/types.ts';
import { type ColumnSpec, headingLine, placeColumns, tableLine } from '../../text/cells.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Line, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import { width, wrap } from '../../text/width.ts';
import type { Glyphs } from '../core/glyphs.ts';
import { stateText } from '../views/activity.ts';

const INDENT = '  ';
/** A name that is longer is cut before the query is. */
const NAME_CELLS = 16;
const QUERY_CELLS = 10;

interface TargetColumn extends Omit<ColumnSpec, 'width'> {
  readonly text: (victim: Victim, plan: SignalPlan) => string;
  /** The most it takes; without it, as much as its texts need. */
  readonly most?: number;
}

/** What tells that it is the right one, the least telling dropped first. */
const COLUMNS: readonly TargetColumn[] = [
  { id: 'pid', title: 'PID', priority: 1, align: 'right', text: ({ target }) => String(target.pid) },
  { id: 'user', title: 'USER', priority: 3, most: NAME_CELLS, text: ({ target }) => target.usename ?? '-' },
  {
    id: 'application',
    title: 'APPLICATION',
    short: 'APP',
    priority: 4,
    most: NAME_CELLS,
    text: ({ target }) => target.application_name || '-',
  },
  { id: 'client', title: 'CLIENT', priority: 6, most: 15, text: ({ target }) => target.client_addr ?? '-' },
  { id: 'state', title: 'STATE', priority: 2, text: ({ target }) => stateAndAge(target) },
  { id: 'blocks', title: 'BLOCKS', priority: 2, text: blocksText },
  {
    id: 'query',
    title: 'QUERY',
    priority: 5,
    grow: true,
    most: QUERY_CELLS,
    text: ({ target }) => queryText(target),
  },
];

/** One row for each session that would be hit. */
export interface TargetTable {
  readonly heading: Line;
  readonly rows: readonly Line[];
}

export function targetTable(plan: SignalPlan, columns: number, marks: Glyphs): TargetTable {
  const texts = plan.victims.map((victim) =>
    Object.fromEntries(COLUMNS.map(({ id, text }) => [id, cleanLine(text(victim, plan))])),
  );
  const specs = COLUMNS.map(({ most = Number.POSITIVE_INFINITY, ...column }) => {
    const widest = Math.max(column.title.length, ...texts.map((row) => width(row[column.id] ?? '')));
    // a heading gives way to what stands below it
    const natural = Math.max(Math.min(column.title.length, 6), Math.min(widest, most));
    return { ...column, width: natural };
  });
  const placed = placeColumns(specs, columns - INDENT.length);
  return {
    heading: [span(INDENT), ...headingLine(placed, undefined, marks)],
    rows: texts.map((row) => [
      span(INDENT),
      ...tableLine(
        placed.map(({ column }) => ({
          text: row[column.id] ?? '',
          tone: column.id === 'pid' ? 'alert' : undefined,
        })),
        placed,
        marks.more,
      ),
    ]),
  };
}

/** The same sessions with whom they block and what is sent. */
export function targetDetails(plan: SignalPlan, columns: number): Line[] {
  const fact = (label: string, value: string): Line[] =>
    wrap(value, Math.max(20, columns - 16)).map(
      (part, i): Line => [span(`${INDENT}${(i === 0 ? label : '').padEnd(12)}`, 'muted'), span(part)],
    );
  return plan.victims.flatMap((victim): Line[] => {
    const { target, blocks, frees, sql } = victim;
    const alone = frees > 0 ? ` (it alone frees ${frees})` : '';
    return [
      [
        span(`${INDENT}${target.pid}`, 'alert'),
        span(`  ${cleanLine(target.usename ?? '-')}@${cleanLine(target.datname ?? '-')}`),
        span(`  ${cleanLine(target.application_name ?? '') || 'no application name'}`),
        span(`  from ${cleanLine(target.client_addr ?? '-')}`, 'muted'),
      ],
      ...fact('state', stateAndAge(target)),
      ...(target.xact_seconds === null
        ? []
        : fact('transaction', `open for ${duration(target.xact_seconds)}`)),
      ...fact('query', cleanLine(queryText(target))),
      ...fact('blocks', blocks.length === 0 ? 'nobody' : `${blocks.join(', ')}${alone}`),
      ...fact('sends', cleanLine(sql)),
      [],
    ];
  });
}

/** Who was meant and is left alone. */
export function refusalLines(plan: SignalPlan, columns: number): Line[] {
  return plan.refused.flatMap((refusal) =>
    wrap(`Not touched: ${refusalSentence(refusal)}`, columns - 4).map(
      (text): Line => [span(`${INDENT}${text}`, 'warn')],
    ),
  );
}

function stateAndAge({ state, backend_type, duration_seconds }: SignalTarget): string {
  return `${stateText(state, backend_type)} ${duration(duration_seconds)}`;
}

/** `57 ≤1m02s`: how many, and how long the first of them has waited. */
function blocksText({ blocks, longestWait }: Victim, { waitersUnknown }: SignalPlan): string {
  if (waitersUnknown !== undefined) return '?';
  if (blocks.length === 0) return '-';
  return longestWait === null ? String(blocks.length) : `${blocks.length} ≤${duration(longestWait)}`;
}

function queryText({ state, query }: SignalTarget): string {
  const last = state?.startsWith('idle') ? 'last: ' : '';
  return query ? `${last}${query}` : '';
}
