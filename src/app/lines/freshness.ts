import type { Part } from '../../monitor/snapshot.ts';
import { type Span, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import type { Deck } from '../deck.ts';
import type { AnyView } from '../views/view.ts';
import { statusPart } from '../views/view.ts';

/** True when the rows on the screen are older than they should be. */
export function isOld(deck: Deck, view: AnyView): boolean {
  const part = statusPart(view, deck.model);
  return part.status === 'stale' || (part.status !== 'denied' && overdue(deck, part, view) > 0);
}

/** What the heading of a pane says about the age of its data; nothing while it is fresh. */
export function ageSpans(deck: Deck, view: AnyView): Span[] {
  const part = statusPart(view, deck.model);
  const age = (deck.sampler.now() - part.at) / 1000;
  switch (part.status) {
    case 'waiting':
      return [span('  waiting for the first answer', 'muted')];
    case 'stale':
      return [span(`  as of ${duration(age)} ago`, 'warn')];
    case 'skipped':
      return [span(`  ${duration(age)} old, skipped (busy)`, 'warn')];
    case 'denied':
      return [];
    case 'ok': {
      const late = overdue(deck, part, view);
      const every = deck.sampler.every(view.parts[0]);
      if (late > 0) return [span(`  ${duration(age)} old, the server has not answered`, 'warn')];
      return every > deck.sampler.interval * 1.01
        ? [span(`  every ${every < 60 ? `${every}s` : duration(every)}`, 'muted')]
        : [];
    }
  }
}

/** Seconds by which an answer is late; 0 while it is not. Pausing is no lateness. */
function overdue(deck: Deck, part: Part<unknown>, view: AnyView): number {
  if (deck.sampler.paused || Number.isNaN(part.at)) return 0;
  const age = (deck.sampler.now() - part.at) / 1000;
  const limit = deck.sampler.every(view.parts[0]) * 2 + 1;
  return age > limit ? age : 0;
}
