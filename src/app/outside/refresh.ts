import type { LogHour } from '../../log/hour.ts';
import type { Deck } from '../core/deck.ts';
import type { Slot } from '../core/store.ts';
import type { DriftLook } from './drift.ts';

/** Backups, jobs and disks change slowly, and a process is started to ask for them. */
const EVERY_MS = 120_000;

const ASKED: Slot<{
  at: number;
  asking: boolean;
  again: boolean;
  closed?: boolean;
  log?: LogHour;
  drift?: DriftLook;
}> = {
  make: () => ({ at: Number.NEGATIVE_INFINITY, asking: false, again: false }),
};

/** Looks for what the server does not tell: every two minutes, or now because something was done. */
export function refreshOutside(deck: Deck, changed = false): void {
  const held = deck.store.held(ASKED);
  const now = deck.sampler.now();
  if (held.closed || deck.sampler.control === undefined || (!changed && now - held.at < EVERY_MS)) return;
  if (held.asking) {
    held.again ||= changed;
    return;
  }
  held.at = now;
  held.asking = true;
  void look(deck)
    .catch(() => {
      // the connection is gone, or the settings are being written: the next time
      held.at = Number.NEGATIVE_INFINITY;
    })
    .finally(() => {
      held.asking = false;
      // it was opened while the console was left
      if (held.closed) held.log?.close();
      if (!held.again) return;
      held.again = false;
      refreshOutside(deck, true);
    });
}

/** Nothing is looked for any more; what was kept for the next time is closed. */
export function closeOutside(deck: Deck): void {
  const held = deck.store.held(ASKED);
  held.closed = true;
  held.log?.close();
}

async function look(deck: Deck): Promise<void> {
  const { resolved, env, model, sampler } = deck;
  // what reads repositories and crontabs is loaded behind the first frames
  const [
    { outsideFacts },
    { DriftLook },
    { LogHour },
    { local },
    { reaching },
    { readSettings, settingsPath },
  ] = await Promise.all([
    import('./facts.ts'),
    import('./drift.ts'),
    import('../../log/hour.ts'),
    import('../../hosts/local.ts'),
    import('../../hosts/reach.ts'),
    import('../../config/store.ts'),
  ]);
  const session = sampler.control;
  if (session === undefined) return;
  const { profileName, settingsFile } = resolved;
  if (profileName !== undefined)
    model.waivers = readSettings(settingsPath(env, settingsFile)).profiles[profileName]?.waivers ?? [];
  const held = deck.store.held(ASKED);
  held.log ??= new LogHour(reaching(resolved.runsOn.server), resolved.thresholds.slow_query_ms);
  held.drift ??= new DriftLook();
  const { log, drift } = held;
  model.outside = await outsideFacts({ session, resolved, env, host: local, log, drift });
  deck.nextRound();
}
