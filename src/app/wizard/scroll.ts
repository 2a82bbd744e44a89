import type { Deck } from '../core/deck.ts';
import { openedWizard } from '../core/state.ts';
import { cutOf, layoutOf } from '../screen/layout.ts';
import { wizardLayout } from './lines/layout.ts';
import { updateWizard } from './state.ts';

/**
 * Scrolls what is open of a wizard. The output of a run follows its newest lines until somebody scrolls up, and again
 * from its end on.
 */
export function scrollWizard(deck: Deck, by: (at: number, page: number) => number): void {
  const wizard = openedWizard(deck.state);
  if (!wizard) return;
  const { scroll, bodyRows } = wizardLayout(deck, wizard, {
    columns: deck.state.size.columns,
    rows: layoutOf(cutOf(deck.state)).body,
  });
  const { first, last } = scroll;
  const to = Math.min(last, Math.max(first, by(wizard.scroll ?? last, Math.max(1, bodyRows - 1))));
  const follows = wizard.phase.step === 'run' && to >= last;
  updateWizard(deck, wizard.id, { scroll: follows ? undefined : to });
}
