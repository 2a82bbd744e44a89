import { cleanLine } from '../../text/clean.ts';
import { type Line, span } from '../../text/line.ts';
import { count } from '../../text/units.ts';
import { clip, fit, wrap } from '../../text/width.ts';
import type { PlanDocument } from './plan.ts';
import { type TreeRow, timesOf, treeRows } from './tree.ts';

/** Deeper ones are not indented further: there has to be room for what they are. */
const DEEPEST = 8;
/** What conditions are cut at, in lines: one can be a list of thousands. */
const DETAIL_LINES = 3;

/** `x12`: so many times more rows than planned; `/12`: so many times fewer. */
export function offText(off: number | null): string {
  if (off === null) return '-';
  const times = off >= 1 ? off : 1 / off;
  return times < 1.5 ? '' : `${off >= 1 ? 'x' : '/'}${count(times)}`;
}

export function shareText(percent: number | null): string {
  return percent === null ? '-' : `${percent}%`;
}

/**
 * A plan as lines that fit `columns`: on the left what a node takes itself, and its rows as planned and, where it was
 * run, as they were. Expensive nodes are marked with `!` and a tone. Pure; cleaned.
 */
export function planLines(plans: PlanDocument, columns: number, more = '…'): Line[] {
  const rows = treeRows(plans);
  const ran = rows.some((row) => row.real !== null || row.never);
  const head = `${fit(ran ? 'TIME' : 'COST', 5, 'right')}  ${fit('ROWS', 6, 'right')}${ran ? `${fit('REAL', 7, 'right')}${fit('', 6)}` : ''}  NODE`;
  const times = cleanLine(timesOf(plans));
  return [
    [span(head, 'muted')],
    ...rows.flatMap((row) => nodeLines(row, ran, columns, more)),
    ...(times === '' ? [] : [[], [span(clip(times, columns, more), 'muted')]]),
  ];
}

function nodeLines(row: TreeRow, ran: boolean, columns: number, more: string): Line[] {
  const own = `${fit(shareText(row.percent), 4, 'right')}${row.slow ? '!' : ' '}`;
  const planned = `  ${fit(count(row.planned), 6, 'right')}`;
  const real = ran ? fit(row.never ? 'never' : count(row.real), 7, 'right') : '';
  const off = ran
    ? fit(row.off === null ? '' : `${offText(row.off)}${row.wrong ? '!' : ''}`, 6, 'right')
    : '';
  const indent = '  '.repeat(Math.min(row.depth, DEEPEST));
  const left = own.length + planned.length + real.length + off.length + 2;
  const room = Math.max(20, columns - left - indent.length);
  const arrow = row.depth === 0 ? '' : '-> ';
  const [title = '', ...rest] = wrap(cleanLine(`${arrow}${row.title}`), room);
  const tone = row.slow ? 'alert' : row.never ? 'muted' : undefined;
  const details = row.details.flatMap((detail) => {
    const all = wrap(cleanLine(detail), room - 5);
    const shown = all.slice(0, DETAIL_LINES);
    return all.length > shown.length
      ? [...shown.slice(0, -1), clip(`${shown.at(-1)} ${more}`, room - 5, more)]
      : shown;
  });
  const below = (text: string): Line => [span(' '.repeat(left) + indent), span(text, 'muted')];
  return [
    [
      span(own, row.slow ? 'alert' : undefined),
      span(planned),
      span(real),
      span(off, row.wrong ? 'warn' : 'muted'),
      span(`  ${indent}`),
      span(title, tone),
    ],
    ...rest.map((part): Line => [span(' '.repeat(left) + indent), span(part, tone)]),
    ...details.map((part) => below(`     ${part}`)),
  ];
}
