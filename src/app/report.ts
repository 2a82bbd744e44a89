import { cleanLine } from '../text/clean.ts';
import type { Deck } from './deck.ts';

/** What was done in this session, for the normal screen after the console is gone; empty when nothing was. */
export function exitReport(deck: Deck): string {
  const done = deck.state.log.filter((entry) => entry.intervention);
  if (done.length === 0) return '';
  const lines = done.map((entry) => `  ${new Date(entry.at).toTimeString().slice(0, 8)}  ${entry.text}`);
  return `pgdeck, ${cleanLine(deck.resolved.name)}:\n${lines.join('\n')}\n`;
}
