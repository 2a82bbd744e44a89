import { type Run, readRun } from '../../ops/engine/journal/runs.ts';
import { duration } from '../../text/units.ts';
import type { DetailSection } from '../core/section.ts';

/** The last lines of the output; the journal has all. */
const OUTPUT_LISTED = 500;
const ROWS_LISTED = 500;

/** Steps, results and output of a run, from the journal; one sentence when it cannot be read. */
export function runSections(directory: string, id: string): readonly DetailSection[] {
  const run = readRun(directory, id);
  if (!run) return [{ title: 'Not known', text: `The journal has no readable record of ${id}.` }];
  const end = run.events.find((event) => event.type === 'end');
  const output = run.events.flatMap((event) => (event.type === 'line' ? [event.text ?? ''] : []));
  const results = run.events.flatMap((event) => event.table ?? []);
  return [
    ...(end?.text === undefined ? [] : [{ title: 'Outcome', text: end.text }]),
    ...results.map((table) => ({
      title: table.title,
      table: { ...table, rows: table.rows.slice(0, ROWS_LISTED) },
    })),
    ...run.steps.map((step, at) => ({
      title: `${at + 1}. ${step.title}: ${stepText(run, at)}`,
      text: step.preview,
    })),
    ...(output.length === 0
      ? []
      : [
          {
            title: `Output${output.length > OUTPUT_LISTED ? `, the last ${OUTPUT_LISTED} of ${output.length} lines` : ''}`,
            text: output.slice(-OUTPUT_LISTED).join('\n'),
          },
        ]),
  ];
}

function stepText({ events }: Run, step: number): string {
  const own = events.filter((event) => event.step === step);
  const began = own.find((event) => event.type === 'start');
  const finish = own.find((event) => event.type === 'finish');
  const back = own.find((event) => event.type === 'rollback');
  if (back) return back.ok ? 'rolled back' : `not rolled back: ${back.text ?? ''}`;
  if (!finish) return began ? 'no end was recorded' : 'not begun';
  if (finish.outcome !== undefined) return finish.text ?? finish.outcome.kind;
  const seconds = began ? (Date.parse(finish.at) - Date.parse(began.at)) / 1000 : null;
  return finish.ok ? `done in ${duration(seconds)}` : (finish.text ?? 'failed');
}
