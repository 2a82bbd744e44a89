import { cleanLine } from '../text/clean.ts';
import type { Deck } from './core/deck.ts';
import { runningWizards } from './core/state.ts';

/** What was done in this session, for the normal screen after the console is gone; empty when nothing was. */
export function exitReport(deck: Deck): string {
  const done = deck.state.log.filter((entry) => entry.intervention);
  if (done.length === 0) return '';
  const lines = done.map((entry) => `  ${new Date(entry.at).toTimeString().slice(0, 8)}  ${entry.text}`);
  return `pgdeck, ${cleanLine(deck.resolved.name)}:\n${lines.join('\n')}\n`;
}

/** What leaving waits for, said before it does; empty when nothing runs. */
export function leavingNotice(deck: Deck): string {
  const titles = runningWizards(deck.state).flatMap(({ phase }) =>
    'plan' in phase ? [phase.plan.title] : [],
  );
  if (titles.length === 0) return '';
  return `pgdeck: cancelling and taking back: ${titles.map(cleanLine).join('; ')}. ^C does not wait for it; pgdeck recover cleans up then.\n`;
}
