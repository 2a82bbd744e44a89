import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { keyFor } from './core/keys.ts';
import { readChoices } from './servers/switch.ts';
import { fleetScreen } from './views/fleet.ts';

/** Seconds between two samples that there are to choose from. */
const INTERVALS = [0.5, 1, 2, 3, 5, 10, 15, 30, 60];

function togglePause(deck: Deck): void {
  const { sampler, store, ports } = deck;
  const paused = !sampler.paused;
  sampler.pause(paused);
  store.set({ pausedAt: paused ? ports.wallClock() : undefined });
  const key = keyFor(deck, 'time.pause') ?? ':pause';
  deck.say(paused ? `Paused: the screen stays as it is. ${key} resumes.` : 'Live again.');
}

function changeInterval(deck: Deck, by: 1 | -1): void {
  const { sampler } = deck;
  const at = INTERVALS.findIndex((seconds) => seconds >= sampler.interval);
  const last = INTERVALS.length - 1;
  const next = INTERVALS[Math.min(last, Math.max(0, (at < 0 ? last : at) + by))] ?? 1;
  sampler.setInterval(next);
  deck.say(`Every ${next} s.`);
}

/** Asks now what the screen shows; for the list of all servers, which there are too: the settings may have changed. */
function refresh(deck: Deck): void {
  deck.sampler.refresh();
  if (deck.state.screen !== fleetScreen.id) return;
  // why they cannot be read is said, and those that are known are asked all the same
  readChoices(deck);
  deck.ports.servers?.fleet.again();
}

/** How often the server is asked. */
export const TIME_ACTIONS: readonly Action[] = [
  action('time.pause', 'screen', 'p', 'Pause or resume', togglePause, { hint: 6, short: 'pause' }),
  action('time.now', 'screen', 'R', 'Refresh now', refresh),
  action('time.slower', 'screen', '+ =', 'Longer interval', (d) => changeInterval(d, 1)),
  action('time.faster', 'screen', '-', 'Shorter interval', (d) => changeInterval(d, -1)),
];
