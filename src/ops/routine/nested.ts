import type { OpContext } from '../engine/operation.ts';
import type { OpEvent, Plan, ResultTable, StepIo } from '../engine/plan.ts';
import { runPlan } from '../engine/run/runner.ts';
import { tellEnd } from '../notify/run-end.ts';

export type NestedEnd = Extract<OpEvent, { type: 'end' }>;

/**
 * Runs the plan of an operation within a step: a run of its own in the journal, with its own locks, way back and
 * recovery. What it tells is told by the step; so are those outside. Never rejects.
 */
export async function runWithin(io: StepIo, plan: Plan, context: OpContext): Promise<NestedEnd> {
  // the job of the crontab is the run around it: by its end is judged how the job went
  const { PGDECK_JOB: _, ...env } = context.env;
  const own: OpContext = { ...context, env };
  let end: NestedEnd | undefined;
  for await (const event of runPlan(plan, own, { signal: io.signal })) {
    if (event.type === 'end') end = event;
    else tell(io, event);
  }
  if (end === undefined) throw new Error('a run has no end');
  for (const failure of await tellEnd(plan, end, context)) io.line(failure);
  return end;
}

function tell(io: StepIo, event: Exclude<OpEvent, NestedEnd>): void {
  switch (event.type) {
    case 'begin':
      io.line(`${event.title}: run ${event.run}`);
      break;
    case 'start':
      io.line(event.title);
      break;
    case 'line':
      io.line(event.text, event.from);
      break;
    case 'waits':
      io.waits(event.who ?? undefined, secondsUntil(event));
      break;
    case 'progress':
      io.progress(event);
      break;
    case 'result':
      // its own run has the table: the report is one, and short
      for (const line of linesOf(event.table)) io.line(line);
      break;
    case 'reveal':
      io.reveal(event.what, event.secret);
      break;
    case 'finish':
      if (event.ok === false && event.text !== undefined) io.line(event.text);
      break;
    case 'unrecorded':
      io.line(event.text);
      break;
  }
}

/** Rows that are told in lines. */
const TOLD = 5;

function linesOf({ title, columns, rows }: ResultTable): string[] {
  const told = rows.slice(0, TOLD).map((row) => {
    const cells = row.map((cell, at) => `${columns[at] ?? ''} ${cell}`.trim()).filter((cell) => cell !== '');
    return `${title}: ${cells.join(', ')}`;
  });
  return rows.length > TOLD ? [...told, `${title}: ${rows.length - TOLD} more rows`] : told;
}

function secondsUntil({ at, until }: Extract<OpEvent, { type: 'waits' }>): number | undefined {
  return until === undefined ? undefined : (until - at) / 1000;
}
