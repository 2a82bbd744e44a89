import type { Change } from '../../alerts/alert.ts';
import { AWAY, Tracker } from '../../alerts/tracker.ts';
import { readAt, titleOf } from '../../health/registry.ts';
import type { SamplerEvent } from '../../monitor/sampler.ts';
import type { Deck } from '../core/deck.ts';
import type { Slot } from '../core/store.ts';

const TRACKER: Slot<{ tracker?: Tracker }> = { make: () => ({}) };

/**
 * Makes alerts of what was judged last, or of a tick without a server, and writes into the message log what was raised,
 * has changed or is over.
 */
export function followAlerts(deck: Deck, event: SamplerEvent): void {
  const { model, ports, sampler } = deck;
  const { away, paused } = sampler;
  const at = ports.wallClock();
  if (event === 'clock' && away !== undefined) tell(deck, trackerOf(deck).away(away, at));
  const assessment = event === 'data' && !paused && away === undefined ? model.health : undefined;
  if (assessment === undefined) return;
  const read = (check: string) => readAt(check, model, model.outsideAt);
  tell(deck, trackerOf(deck).observe({ assessment, readAt: read, titleOf }, at, sampler.now()));
}

function trackerOf(deck: Deck): Tracker {
  const held = deck.store.held(TRACKER);
  held.tracker ??= new Tracker(deck.resolved.notify.severity);
  return held.tracker;
}

function tell(deck: Deck, changes: readonly Change[]): void {
  for (const { state, alert } of changes)
    deck.note(
      state === 'resolved' ? `Over: ${alert.title}` : `${alert.severity}: ${alert.title}`,
      state === 'resolved' ? 'done' : 'error',
      false,
    );
  // that the server is away stands in the header
  const alerts = trackerOf(deck).alerts.filter(({ key }) => key !== AWAY);
  if (alerts.length > 0 || deck.state.alerts.length > 0) deck.store.set({ alerts });
}
