import type { Check, CheckStatus, Fact, Plan, Step } from '../../../ops/engine/plan.ts';
import { cleanBlock, cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { clip, fit, width, wrap } from '../../../text/width.ts';
import { type Glyphs, glyphsOf } from '../../core/glyphs.ts';
import { type Keys, keyOr } from '../../core/keys.ts';
import { isGiven, type PlanView, stopsOf } from '../plan-view.ts';
import type { Phase, Wizard } from '../types.ts';
import { inConsole } from '../words.ts';
import { type Block, fullTable } from './document.ts';

export type Planned = Extract<Phase, { step: 'plan' | 'confirm' }>;

/** A plan as it is read: the summary first. `stops`: the lines of what the cursor goes to. */
export interface PlanDocument {
  readonly blocks: readonly Block[];
  readonly stops: readonly { readonly from: number; readonly to: number }[];
}

const MARKS: Readonly<Record<CheckStatus, { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'ok', tone: 'good' },
  warn: { word: '! ', tone: 'warn' },
  block: { word: '!!', tone: 'critical' },
};

/** What will be done, and whether it can be: effect, warnings and steps in short, then all that was looked at. */
export function planDocument(
  deck: Keys,
  wizard: Pick<Wizard, 'operation' | 'form'>,
  { step, plan, view, command }: Planned,
  columns: number,
): PlanDocument {
  const marks = glyphsOf(deck);
  const say = (text: string) => cleanBlock(inConsole(deck, text, wizard.operation));
  const summary = [
    ...textLines(say(plan.reason ?? ''), columns, undefined),
    // where it is asked for, it stands with the question
    ...textLines(step === 'plan' ? say(plan.consequence ?? '') : '', columns, 'warn'),
    ...countLine(plan.checks),
  ];
  const stops: { from: number; to: number }[] = [];
  const goTo = (made: readonly Line[]): void => {
    stops.push({ from: summary.length, to: summary.length + made.length });
    summary.push(...made);
  };
  const cursor = (stop: number) => stop === view.at && stopsOf(plan).length > 0;
  for (const check of plan.checks.filter(({ status }) => status === 'block')) {
    const told = { ...check, detail: say(check.detail) };
    if (check.answer === undefined) summary.push(...checkLines(told, '', columns));
    else {
      const box = isGiven(wizard.form, check.answer) ? '[x] ' : '[ ] ';
      goTo(checkLines(told, box, columns, cursor(stops.length) ? marks.cursor : ' '));
    }
  }
  for (const check of plan.checks.filter(({ status }) => status === 'warn'))
    summary.push(...checkLines({ ...check, detail: say(check.detail) }, '', columns));
  if (plan.steps.length > 0)
    summary.push(
      [],
      [
        span(` Steps (${plan.steps.length})`, 'accent'),
        span(`  ${keyOr(deck, 'plan.mark')} unfolds one, ${keyOr(deck, 'plan.all')} all`, 'muted'),
      ],
    );
  for (const [at, step] of plan.steps.entries())
    goTo(stepLines(step, at, { view, cursor: cursor(stops.length), columns, ascii: deck.ascii, marks }));
  const fine = plan.checks.filter(({ status }) => status === 'ok');
  return {
    stops,
    blocks: [
      lines([...summary, [], ...factLines(plan, say, columns, marks)]),
      ...(plan.tables ?? []).flatMap((table): Block[] => [
        lines([[], [span(` ${cleanLine(table.title)}`, 'accent')]]),
        ...fullTable(table, columns - 1, marks.more),
      ]),
      lines([
        ...(fine.length === 0 ? [] : [[], [span(' Checked', 'accent')]]),
        ...fine.flatMap((check) => checkLines({ ...check, detail: say(check.detail) }, '', columns)),
        [],
        [span(' The same as a command', 'accent'), span(`  ${keyOr(deck, 'plan.copy')} copies it`, 'muted')],
        ...wrap(cleanLine(command), columns - 4).map((part): Line => [span(`  ${part}`)]),
      ]),
    ],
  };
}

export function lines(list: readonly Line[]): Block {
  return { kind: 'lines', lines: list };
}

function textLines(text: string, columns: number, tone: Tone | undefined): Line[] {
  return wrap(text, columns - 3)
    .filter((part) => part !== '')
    .map((part): Line => [span(` ${part}`, tone)]);
}

/** `3 ok, 1 warning`: what is seen before anything is scrolled. */
function countLine(checks: readonly Check[]): Line[] {
  if (checks.length === 0) return [];
  const of = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  const [warn, block] = [of('warn'), of('block')];
  return [
    [
      span(' Checks', 'accent'),
      span(`  ${of('ok')} ok`, 'muted'),
      ...(warn > 0 ? [span(`  ${warn} ${warn === 1 ? 'warning' : 'warnings'}`, 'warn')] : []),
      ...(block > 0 ? [span(`  ${block} blocking`, 'critical')] : []),
    ],
  ];
}

/** One check, below its own mark. */
function checkLines({ title, status, detail }: Check, box: string, columns: number, cursor = ' '): Line[] {
  const { word, tone } = MARKS[status];
  const indent = 4 + box.length;
  return wrap(`${cleanLine(title)}: ${detail}`, Math.max(10, columns - indent - 1)).map(
    (part, i): Line =>
      i === 0
        ? [
            span(cursor, 'accent'),
            span(`${word} `, tone),
            span(box, tone),
            span(part, status === 'ok' ? 'muted' : tone),
          ]
        : [span(' '.repeat(indent)), span(part, status === 'ok' ? 'muted' : tone)],
  );
}

interface StepLook {
  readonly view: PlanView;
  readonly cursor: boolean;
  readonly columns: number;
  readonly ascii: boolean;
  readonly marks: Glyphs;
}

/** A step in one line with what it means for others; unfolded, with its exact SQL and commands. */
function stepLines(step: Step, at: number, { view, cursor, columns, ascii, marks }: StepLook): Line[] {
  const open = view.open.has(step.id);
  const title = `${at + 1}. ${cleanLine(step.title)}`;
  const gutter = span(`${cursor ? marks.cursor : ' '} `, 'accent');
  const effect = cleanLine(step.effect ?? '');
  const room = columns - 4;
  if (!open) {
    const own = clip(title, room, marks.more);
    const left = room - width(own) - 2;
    return [
      [
        gutter,
        span(own, cursor ? 'title' : undefined),
        ...(effect !== '' && left > 8 ? [span(`  ${clip(effect, left, marks.more)}`, 'muted')] : []),
      ],
    ];
  }
  const bar = ascii ? '|' : '│';
  return [
    ...wrap(title, room).map((part, i): Line => [i === 0 ? gutter : span('  '), span(part, 'title')]),
    ...(effect === '' ? [] : wrap(effect, columns - 8).map((part): Line => [span(`     ${part}`, 'warn')])),
    ...(step.preview === ''
      ? []
      : wrap(cleanBlock(step.preview), Math.max(10, columns - 8)).map(
          (part): Line => [span(`     ${bar} `, 'muted'), span(part)],
        )),
  ];
}

function factLines(plan: Plan, say: (text: string) => string, columns: number, { more }: Glyphs): Line[] {
  const said = plan.facts.some(({ value }) => value.includes(plan.server));
  const facts: readonly Fact[] = said ? plan.facts : [{ label: 'Server', value: plan.server }, ...plan.facts];
  const indent = Math.min(28, Math.max(...facts.map(({ label }) => width(cleanLine(label))))) + 2;
  return facts.flatMap(({ label, value }) =>
    wrap(cleanLine(say(value)), Math.max(10, columns - indent - 3)).map(
      (part, i): Line => [
        span(`  ${fit(i === 0 ? cleanLine(label) : '', indent, 'left', more)}`, 'muted'),
        span(part),
      ],
    ),
  );
}
