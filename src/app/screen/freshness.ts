import type { Part } from '../../monitor/snapshot.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Span, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import type { Deck } from '../core/deck.ts';
import type { AnyView } from '../core/view.ts';
import { statusPart } from '../core/view.ts';

/** True when the rows on the screen are older than they should be. */
export function isOld(deck: Deck, view: AnyView): boolean {
  const part = statusPart(view, deck.model);
  return part.status === 'stale' || (part.status !== 'denied' && !isFresh(deck, part, view));
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
      return [span(`  ${skippedText(part, age)}`, 'warn')];
    case 'denied':
      return [];
    case 'ok': {
      if (isLate(deck, part, view))
        return [span(`  ${duration(age)} old, the server has not answered`, 'warn')];
      if (!isFresh(deck, part, view)) return [span(`  ${duration(age)} old`, 'muted')];
      const every = deck.sampler.every(view.polls[0]);
      return every > deck.sampler.interval * 1.01
        ? [span(`  every ${every < 60 ? `${every}s` : duration(every)}`, 'muted')]
        : [];
    }
  }
}

function skippedText({ busy, reason = '' }: Part<unknown>, age: number): string {
  const why = busy ? 'skipped (busy)' : cleanLine(reason);
  if (Number.isNaN(age)) return `not read: ${why}`;
  return `${duration(age)} old, ${busy ? '' : 'not read since: '}${why}`;
}

/** Read no longer ago than its rhythm allows. Pausing makes nothing old. */
function isFresh(deck: Deck, part: Part<unknown>, view: AnyView): boolean {
  if (deck.sampler.paused || Number.isNaN(part.at)) return true;
  return deck.sampler.now() - part.at <= patience(deck, view);
}

/** Old although it was asked for long enough ago: what has just come onto the screen is old, not late. */
function isLate(deck: Deck, part: Part<unknown>, view: AnyView): boolean {
  const since = deck.sampler.neededSince(view.polls[0]) ?? deck.sampler.now();
  return !isFresh(deck, part, view) && deck.sampler.now() - since > patience(deck, view);
}

function patience(deck: Deck, view: AnyView): number {
  return (deck.sampler.every(view.polls[0]) * 2 + 1) * 1000;
}
