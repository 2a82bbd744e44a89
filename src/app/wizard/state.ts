import type { Deck } from '../core/deck.ts';
import type { Phase, Wizard } from './types.ts';

/** Changes a wizard; nothing when it is gone. */
export function updateWizard(deck: Deck, id: number, change: Partial<Wizard>): void {
  const { wizards } = deck.state;
  deck.store.set({
    wizards: wizards.map((wizard) => (wizard.id === id ? { ...wizard, ...change } : wizard)),
  });
}

/** One step on, or back: what is shown of it begins at its top. */
export function toPhase(deck: Deck, { id }: Wizard, phase: Phase): void {
  updateWizard(deck, id, { phase, scroll: 0 });
}
