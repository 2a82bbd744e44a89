import type { Plan } from '../../../ops/engine/plan.ts';
import { undoneByStop } from '../../../ops/engine/run/steps/outcome.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, span } from '../../../text/line.ts';
import { wrap } from '../../../text/width.ts';
import type { Deck } from '../../core/deck.ts';
import { type Keys, keyOr } from '../../core/keys.ts';
import { fieldSpans } from '../../core/text-field.ts';
import { answerLine } from '../../screen/reading.ts';
import type { RunView } from '../run-view.ts';
import type { Phase, Wizard } from '../types.ts';
import { inConsole } from '../words.ts';
import { nameWords } from './next.ts';

type Confirm = Extract<Phase, { step: 'confirm' }>;

/** What is lost, and the question: a yes, or the name. */
export function confirmFoot(
  deck: Pick<Deck, 'resolved'> & Keys,
  { plan, yes, field }: Confirm,
  columns: number,
  operation: Wizard['operation'],
): Line[] {
  const lost = wrap(cleanLine(inConsole(deck, plan.consequence ?? '', operation)), columns - 3)
    .filter((part) => part !== '')
    .map((part): Line => [span(` ${part}`, 'warn')]);
  if (plan.danger === 'confirm')
    return [...lost, [span(` ${cleanLine(plan.title)}?`, 'title')], answerLine(deck, yes, 'runs it')];
  const typed = field.text === plan.subject;
  const back = `${keyOr(deck, 'field.escape')} goes back.`;
  return [
    ...lost,
    [span(' Next: '), span(nameWords(deck, plan), 'critical'), span('.')],
    fieldSpans(' Name: ', field, columns),
    [
      span(
        typed ? ` ${keyOr(deck, 'field.enter')} runs it, ${back}` : ` Nothing was changed yet. ${back}`,
        typed ? 'critical' : 'muted',
      ),
    ],
  ];
}

/** Whether to stop, and what that leaves behind. */
export function cancelFoot(keys: Keys, plan: Plan, run: RunView, yes: boolean, columns: number): Line[] {
  const begun = plan.steps.filter((_, at) => run.steps[at]?.state !== 'waiting');
  const done = plan.steps.flatMap(({ id }, at) => (run.steps[at]?.state === 'done' ? [id] : []));
  const undone = undoneByStop(plan.steps, new Set(done));
  const names = (back: boolean) =>
    begun.filter((step) => undone.includes(step) === back).map(({ title }) => cleanLine(title));
  const [back, stay] = [names(true), names(false)];
  const always = plan.steps.filter((step) => step.always === true).map(({ title }) => cleanLine(title));
  const says = [
    back.length > 0 ? `Will be rolled back: ${back.join(', ')}.` : '',
    stay.length > 0 ? `Keeps what it has done so far: ${stay.join(', ')}.` : '',
    always.length > 0 ? `Runs in any case: ${always.join(', ')}.` : '',
  ].filter((text) => text !== '');
  return [
    ...wrap(`Stop it: ${cleanLine(plan.title)}? It keeps running until you answer.`, columns - 3).map(
      (part): Line => [span(` ${part}`, 'title')],
    ),
    ...says.flatMap((text) => wrap(text, columns - 3).map((part): Line => [span(` ${part}`, 'warn')])),
    answerLine(keys, yes, 'stops it'),
  ];
}
