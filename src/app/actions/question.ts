import type { Deck } from '../core/deck.ts';
import { openedWizard } from '../core/state.ts';
import { confirmExplain } from '../explain/explain.ts';
import { confirmSignal } from '../signal/signal.ts';
import { confirmYes, wizardBack } from '../wizard/flow.ts';
import { cancelRun } from '../wizard/run.ts';
import { updateWizard } from '../wizard/state.ts';

/** A question that is answered with yes or no. */
export interface Question {
  /** The answer shown: No until somebody has chosen otherwise. */
  readonly yes: boolean;
  readonly show: (yes: boolean) => void;
  readonly accept: () => void;
  readonly refuse: () => void;
}

/** The question that is on the screen; undefined when nothing is asked. */
export function questionOf(deck: Deck): Question | undefined {
  const { overlay } = deck.state;
  const close = () => deck.open(undefined);
  switch (overlay?.kind) {
    case 'explain': {
      const { risk } = overlay;
      if (!risk) return undefined;
      return {
        yes: risk.yes,
        show: (yes) => deck.open({ ...overlay, risk: { ...risk, yes } }),
        accept: () => confirmExplain(deck),
        refuse: close,
      };
    }
    case 'signal': {
      const { phase } = overlay;
      if (phase.step !== 'ask') return undefined;
      return {
        yes: phase.yes,
        show: (yes) => deck.open({ ...overlay, phase: { ...phase, yes } }),
        accept: () => confirmSignal(deck),
        refuse: close,
      };
    }
    case 'leave':
      return {
        yes: overlay.yes,
        show: (yes) => deck.open({ ...overlay, yes }),
        accept: () => deck.ports.exit(),
        refuse: close,
      };
    case 'wizard':
      return wizardQuestion(deck);
    default:
      return undefined;
  }
}

function wizardQuestion(deck: Deck): Question | undefined {
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
