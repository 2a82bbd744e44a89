import type { Deck } from '../core/deck.ts';
import type { Question } from '../core/question.ts';
import { openedWizard } from '../core/state.ts';
import { confirmYes, wizardBack } from './flow.ts';
import { cancelRun } from './run.ts';
import { updateWizard } from './state.ts';

/** Whether to run what is planned, or to cancel what runs. */
export function wizardQuestion(deck: Deck): Question | undefined {
  const wizard = openedWizard(deck.state);
  const phase = wizard?.phase;
  if (phase?.step === 'confirm' && phase.plan.danger === 'confirm')
    return {
      yes: phase.yes,
      show: (yes) => updateWizard(deck, wizard?.id ?? 0, { phase: { ...phase, yes } }),
      accept: () => confirmYes(deck),
      refuse: () => wizardBack(deck),
    };
  if (wizard && phase?.step === 'run' && phase.asked)
    return {
      yes: phase.asked.yes,
      show: (yes) => updateWizard(deck, wizard.id, { phase: { ...phase, asked: { yes } } }),
      accept: () => cancelRun(deck, wizard),
      refuse: () => updateWizard(deck, wizard.id, { phase: { ...phase, asked: undefined } }),
    };
  return undefined;
}
