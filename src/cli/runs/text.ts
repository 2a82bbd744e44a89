import { withConnection } from '../../ops/engine/connection.ts';
import { leftBehind, type Run, type RunEvent } from '../../ops/engine/journal/runs.ts';
import { TAKE_BACK } from '../../ops/schema/apply/shared.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { duration, plural } from '../../text/units.ts';
import { resultText } from '../operation/plan.ts';

const LAST_LINES = 10;
const INDENT = '   ';

/** A run as text: its steps with what was done, what was said, what came of it, and the way back. Clean. */
export function runText(run: Run, { lines }: { readonly lines: boolean }): string[] {
  const { events, steps, started_at, ended_at } = run;
  const end = events.find((event) => event.type === 'end');
  const time = ended_at === null ? '' : ` (${elapsed(started_at, ended_at)})`;
  const tables = events.flatMap((event) => event.table ?? []);
  return [
    `${run.id}  ${run.status}  ${cleanLine(run.subject)}`,
    `on ${cleanLine(run.server)} by ${cleanLine(run.who)}@${cleanLine(run.host)}, ${started_at} to ${ended_at ?? '-'}${time}`,
    ...steps.flatMap((step, at) => [
      `${at + 1}. ${cleanLine(step.title)}: ${fate(events, at)}`,
      ...indented(step.preview, INDENT),
      ...output(events, at, lines),
    ]),
    ...tables.flatMap((table) => resultText(table)),
    ...(end?.text !== undefined && end.text !== `${run.subject}: done.`
      ? ['', ...indented(end.text, '')]
      : []),
    '',
    wayBack(run),
  ];
}

/** What became of a step. */
function fate(events: readonly RunEvent[], step: number): string {
  const of = (type: RunEvent['type']) =>
    events.findLast((event) => event.type === type && event.step === step);
  const [start, finish, rollback] = [of('start'), of('finish'), of('rollback')];
  if (start === undefined) return cleanLine(finish?.text ?? 'not begun');
  const time = finish === undefined ? '' : ` (${elapsed(start.at, finish.at)})`;
  const word = finish === undefined ? 'no end was recorded' : cleanLine(finish.text ?? '');
  const back =
    rollback === undefined
      ? ''
      : rollback.ok
        ? ', rolled back'
        : `, not rolled back: ${cleanLine(rollback.text ?? '')}`;
  return `${word}${time}${back}`;
}

function output(events: readonly RunEvent[], step: number, all: boolean): string[] {
  const said = events.flatMap((event) =>
    event.type === 'line' && event.step === step ? indented(event.text ?? '', `${INDENT}| `) : [],
  );
  if (all || said.length <= LAST_LINES) return said;
  return [
    `${INDENT}| ${plural(said.length - LAST_LINES, 'line')} before, with --lines`,
    ...said.slice(-LAST_LINES),
  ];
}

function wayBack(run: Run): string {
  if (run.undone_by !== null) return `It was undone by ${cleanLine(run.undone_by)}.`;
  if (typeof run.recovered_by === 'string') return `It was cleaned up by ${cleanLine(run.recovered_by)}.`;
  if (leftBehind(run)) return 'To finish or remove what it left: pgdeck recover';
  const undo = undoOf(run);
  const told = run.events.some(({ table }) => table?.title === TAKE_BACK);
  if (undo === null && told)
    return 'No command undoes it: the statements that take it back are above, to be read and run by hand.';
  return undo === null ? 'This cannot be undone.' : `To undo it: ${cleanLine(undo)}`;
}

/** The command that takes a run back, as it reaches the run's server from any shell; null when there is none. */
export function undoOf({ undo, connection = [] }: Run): string | null {
  return undo && withConnection(undo, connection);
}

function elapsed(from: string, to: string): string {
  return duration((Date.parse(to) - Date.parse(from)) / 1000);
}

function indented(text: string, margin: string): string[] {
  return cleanBlock(text)
    .trimEnd()
    .split('\n')
    .map((line) => `${margin}${line}`.trimEnd());
}
