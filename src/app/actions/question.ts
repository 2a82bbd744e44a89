import type { Deck } from '../core/deck.ts';
import type { Question } from '../core/question.ts';
import { explainQuestion } from '../explain/actions.ts';
import { signalQuestion } from '../signal/actions.ts';
import { wizardQuestion } from '../wizard/question.ts';

/** The question that is on the screen; undefined when nothing is asked. */
export function questionOf(deck: Deck): Question | undefined {
  switch (deck.state.overlay?.kind) {
    case 'explain':
      return explainQuestion(deck);
    case 'signal':
      return signalQuestion(deck);
    case 'leave':
      return leaveQuestion(deck);
    case 'wizard':
      return wizardQuestion(deck);
    default:
      return undefined;
  }
}

/** Whether to leave although something runs. */
function leaveQuestion(deck: Deck): Question | undefined {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'leave') return undefined;
  return {
    yes: overlay.yes,
    show: (yes) => deck.open({ ...overlay, yes }),
    accept: () => deck.ports.exit(),
    refuse: () => deck.open(undefined),
  };
}
