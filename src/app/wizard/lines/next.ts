import type { Plan } from '../../../ops/engine/plan.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { wrap } from '../../../text/width.ts';
import type { Deck } from '../../core/deck.ts';
import { type Keys, keyOr } from '../../core/keys.ts';
import { fieldFor } from '../field-for.ts';
import { blocksOf, stopsOf, wayOn } from '../plan-view.ts';
import type { RunView } from '../run-view.ts';
import { meantBy } from '../take-back.ts';
import type { Phase, Wizard } from '../types.ts';
import { titleOf } from '../values.ts';
import { inConsole } from '../words.ts';

type At<Step extends Phase['step']> = Extract<Phase, { step: Step }>;
type Own = Pick<Wizard, 'form' | 'operation'>;

/** What came of it, in what state the data is, and what comes next with its key. */
export interface Ending {
  readonly word: string;
  readonly tone: Tone;
  readonly outcome: string;
  readonly state: string;
  readonly next: string;
}

/** Rows of an outcome that leave the state and the next step on the first screen, at 80x24. */
const OUTCOME_ROWS = 8;

/** As three parts, each beside its name; an outcome that would push the others off the screen is whole below them. */
export function endingLines(
  { word, tone, outcome, state, next }: Ending,
  columns: number,
  more: string,
): Line[] {
  const rows = (text: string) => wrap(text, Math.max(10, columns - LABEL - 2));
  const part = (name: string, texts: readonly string[], own: Tone | undefined): Line[] =>
    texts.map(
      (line, i): Line => [
        span(` ${(i === 0 ? name : '').padEnd(LABEL)}`, i === 0 && own !== undefined ? own : 'muted'),
        span(line, own === 'good' ? undefined : own),
      ],
    );
  const said = rows(outcome);
  const whole = said.length <= OUTCOME_ROWS;
  // the step is named first, and what a program says last is why it failed
  const short = [...said.slice(0, 2), `${more} all of it is below`, ...said.slice(3 - OUTCOME_ROWS)];
  return [
    ...part(word, whole ? said : short, tone),
    ...part('Data', rows(state), undefined),
    ...part('Next', rows(next), undefined),
    ...(whole ? [] : [[], ...part('In full', said, undefined)]),
  ];
}

const LABEL = 11;

/** What is asked of whoever reads a plan: a whole sentence. */
export function nextOfPlan(
  deck: Pick<Deck, 'readOnly' | 'resolved'> & Keys,
  wizard: Own,
  { plan, view }: At<'plan'>,
): string {
  const blocks = blocksOf(plan);
  const [go, back] = [keyOr(deck, 'plan.go'), keyOr(deck, 'plan.back')];
  if (blocks.length > 0) {
    const way = wayOn(plan, view, wizard.form, wizard.operation);
    const answers = stopsOf(plan).some(({ kind }) => kind === 'answer');
    if (way.kind === 'again') return `${go} plans again with what you have accepted.`;
    if (way.kind === 'none') return `remove the cause, then ${back} and plan again.`;
    const goes = `${go} goes to "${titleOf(way.field)}".`;
    return answers && way.value !== undefined
      ? `${keyOr(deck, 'plan.mark')} accepts the one under the cursor; ${goes}`
      : goes;
  }
  if (plan.writes && deck.readOnly)
    return `${back} twice, then ${keyOr(deck, 'mode.arm')} makes it writable for a while.`;
  if (plan.steps.length === 0) return `${back} goes back to the form.`;
  if (plan.danger === 'none') return `${go} runs it.`;
  return plan.danger === 'confirm'
    ? `${go} asks whether to run it.`
    : `${go}, then ${nameWords(deck, plan)}.`;
}

/** `type the database name, shop`. */
export function nameWords({ resolved }: Pick<Deck, 'resolved'>, { subject, locks = [] }: Plan): string {
  const database = subject === resolved.target.database || locks.some((lock) => lock.database === subject);
  return `type the ${database ? 'database name' : 'name'}, ${cleanLine(subject)}`;
}

/** Below a plan: whether it can run, and how. */
export function planFoot(
  deck: Pick<Deck, 'readOnly' | 'resolved'> & Keys,
  wizard: Own,
  phase: At<'plan'>,
  columns: number,
): Line[] {
  const { plan } = phase;
  const blocks = blocksOf(plan).length;
  const stands =
    blocks > 0
      ? `Cannot run: ${blocks === 1 ? '1 check blocks' : `${blocks} checks block`} it. Nothing was changed.`
      : plan.writes && deck.readOnly
        ? 'Cannot run: pgdeck is read-only. Nothing was changed.'
        : plan.steps.length === 0
          ? `${cleanLine(plan.title)}: there is nothing to do. Nothing was changed.`
          : `${cleanLine(plan.title)}? Nothing was changed yet.`;
  const tone = blocks > 0 || (plan.writes && deck.readOnly) ? 'critical' : 'title';
  return [stands, `Next: ${nextOfPlan(deck, wizard, phase)}`].flatMap((text, i) =>
    wrap(text, columns - 3)
      .slice(0, 2)
      .map((part): Line => [span(` ${part}`, i === 0 ? tone : undefined)]),
  );
}

/** Of a plan that could not be made. */
export function failedEnding(keys: Keys, { form, operation }: Own, reason: string): Ending {
  const field = fieldFor(reason, operation, form);
  return {
    word: 'NO PLAN',
    tone: 'alert',
    outcome: inConsole(keys, reason, operation),
    state: 'Nothing was changed.',
    next:
      field === undefined
        ? `${keyOr(keys, 'plan.back')} goes back to the form; the answers are kept.`
        : `${keyOr(keys, 'plan.go')} goes to "${titleOf(field)}"; the answers are kept.`,
  };
}

/** After a run: what its keys do now. */
export function nextOfRun(keys: Keys, { end, steps }: RunView): string {
  if (!end) return '';
  const [close, undoes] = [keyOr(keys, 'result.close'), keyOr(keys, 'result.undo')];
  const left = steps.some(({ state }) => state === 'not rolled back');
  const helps =
    end.next === undefined
      ? ''
      : `${keyOr(keys, 'result.next')} opens what helps (${inConsole(keys, end.next, undefined)}); `;
  if (end.status !== 'done')
    return `${helps}${end.undo === null ? '' : `${undoes} undoes what was done; `}${keyOr(keys, 'result.again')} plans it again with the same answers; ${close} closes and keeps them${left ? ', then Operations has what is left to clean up' : ''}.`;
  const undo =
    end.undo === null
      ? ''
      : meantBy(end.undo)
        ? `${undoes} undoes it (${inConsole(keys, end.undo, undefined)}); `
        : `${undoes} copies what undoes it (${end.undo}); `;
  return `${helps}${undo}${close} closes.`;
}
