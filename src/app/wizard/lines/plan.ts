import type { Check, CheckStatus, Fact, Plan, Step } from '../../../ops/engine/plan.ts';
import { cleanBlock, cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { fit, width, wrap } from '../../../text/width.ts';
import { type Glyphs, glyphsOf } from '../../core/glyphs.ts';
import { type Block, fullTable, tableBlock } from './document.ts';

const WORDS: Readonly<Record<CheckStatus, string>> = { ok: 'ok', warn: '! warn', block: '!! BLOCK' };
const WORD_TONES = { ok: 'good', '! warn': 'warn', '!! BLOCK': 'critical' } as const;
const TONES: Readonly<Record<CheckStatus, Tone>> = { ok: 'good', warn: 'warn', block: 'critical' };

/** What will be done, and whether it can be: facts, checks, tables, every step with its SQL and commands. */
export function planBlocks(
  deck: { readonly ascii: boolean },
  plan: Plan,
  command: string,
  columns: number,
): Block[] {
  const marks = glyphsOf(deck);
  return [
    lines([...factLines(plan, columns, marks)]),
    ...checkBlocks(plan.checks, columns, marks),
    ...(plan.tables ?? []).flatMap((table): Block[] => [
      lines([[], [span(` ${cleanLine(table.title)}`, 'accent')]]),
      ...fullTable(table, columns - 1, marks.more),
    ]),
    lines([
      [],
      [span(` Steps (${plan.steps.length})`, 'accent')],
      ...plan.steps.flatMap((step, at) => stepLines(step, at, columns, deck.ascii)),
      [],
      [span(' The same as a command', 'accent'), span('  y copies it', 'muted')],
      ...wrap(cleanLine(command), columns - 4).map((part): Line => [span(`  ${part}`)]),
    ]),
  ];
}

export function lines(list: readonly Line[]): Block {
  return { kind: 'lines', lines: list };
}

function factLines(plan: Plan, columns: number, { more }: Glyphs): Line[] {
  const said = plan.facts.some(({ value }) => value.includes(plan.server));
  const facts: readonly Fact[] = said ? plan.facts : [{ label: 'Server', value: plan.server }, ...plan.facts];
  const indent = Math.min(28, Math.max(...facts.map(({ label }) => width(cleanLine(label))))) + 2;
  return facts.flatMap(({ label, value }) =>
    wrap(cleanLine(value), Math.max(10, columns - indent - 3)).map(
      (part, i): Line => [
        span(`  ${fit(i === 0 ? cleanLine(label) : '', indent, 'left', more)}`, 'muted'),
        span(part),
      ],
    ),
  );
}

/** A table of all; those that are not as they should be, or too long for it, again in full below. */
function checkBlocks(checks: readonly Check[], columns: number, { more }: Glyphs): Block[] {
  if (checks.length === 0) return [];
  const rows = checks.map(({ title, status, detail }) => [WORDS[status], title, detail]);
  const table = tableBlock({ columns: ['', 'CHECK', 'FOUND'], rows }, columns - 1, more, WORD_TONES);
  const cut = (at: number) =>
    table.kind === 'table' &&
    table.table.rows[at]?.[2]?.trimEnd() !== cleanLine(checks[at]?.detail ?? '').trimEnd();
  const full = checks.flatMap(({ title, status, detail }, at) =>
    cut(at)
      ? wrap(cleanBlock(`${title}: ${detail}`), columns - 4).map(
          (part, i): Line => [
            span(
              `${i === 0 && status !== 'ok' ? '! ' : '  '}${part}`,
              status === 'ok' ? 'muted' : TONES[status],
            ),
          ],
        )
      : [],
  );
  return [lines([[], [span(' Checks', 'accent'), ...counts(checks)]]), table, lines(full)];
}

/** `3 ok, 1 warning`: what is seen before anything is scrolled. */
function counts(checks: readonly Check[]): Line {
  const of = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  return [
    span(`  ${of('ok')} ok`, 'muted'),
    ...(of('warn') > 0 ? [span(`  ${of('warn')} to know of`, 'warn')] : []),
    ...(of('block') > 0 ? [span(`  ${of('block')} in the way`, 'critical')] : []),
  ];
}

function stepLines(step: Step, at: number, columns: number, ascii: boolean): Line[] {
  const bar = ascii ? '|' : '│';
  return [
    ...wrap(`${at + 1}. ${cleanLine(step.title)}`, columns - 4).map(
      (part): Line => [span(`  ${part}`, 'title')],
    ),
    ...(step.effect === undefined
      ? []
      : wrap(cleanLine(step.effect), columns - 8).map((part): Line => [span(`     ${part}`, 'warn')])),
    ...(step.preview === ''
      ? []
      : wrap(cleanBlock(step.preview), Math.max(10, columns - 8)).map(
          (part): Line => [span(`     ${bar} `, 'muted'), span(part)],
        )),
  ];
}

/** What can be said in one line of a plan: whether it may go on. */
export function planFoot(plan: Plan, readOnly: boolean, columns: number): Line[] {
  const blocked = plan.checks.filter(({ status }) => status === 'block');
  const say = (text: string, tone: Tone) =>
    wrap(text, columns - 3)
      .slice(0, 3)
      .map((part): Line => [span(` ${part}`, tone)]);
  const [first, ...others] = blocked;
  if (first) {
    const titles = new Set(others.map(({ title }) => cleanLine(title)));
    titles.delete(cleanLine(first.title));
    const more = titles.size === 0 ? '' : ` Also: ${[...titles].join(', ')}.`;
    return say(`It cannot run. ${cleanLine(first.title)}: ${cleanLine(first.detail)}${more}`, 'critical');
  }
  if (plan.writes && readOnly)
    return say('It cannot run: this is read-only mode. Esc goes back.', 'critical');
  const asks = {
    none: 'Enter runs it.',
    confirm: 'Enter asks once more.',
    'type-name': 'Enter asks for its name.',
  };
  return say(`${cleanLine(plan.title)}? Nothing is done yet. ${asks[plan.danger]}`, 'title');
}
