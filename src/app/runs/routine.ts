import { home } from '../../config/libpq/env.ts';
import { place } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Deck } from '../core/deck.ts';
import type { Slot } from '../core/store.ts';
import { operationsScreen } from '../views/operations.ts';
import type { RoutineRow } from './routine-row.ts';

/** Repositories and sizes are looked at for it. */
const EVERY_MS = 60_000;

const READER: Slot<{ at: number; reading: boolean; again: boolean }> = {
  make: () => ({ at: Number.NEGATIVE_INFINITY, reading: false, again: false }),
};

/** Looks how the routine stands while the screen of operations is open: once a minute, or because something was done: now, or when it is opened. */
export function refreshRoutine(deck: Deck, changed = false): void {
  if (deck.journal === undefined) return;
  const held = deck.store.held(READER);
  if (deck.state.screen !== operationsScreen.id) {
    // who opens it next is not told for a minute how it stood before
    if (changed) held.at = Number.NEGATIVE_INFINITY;
    return;
  }
  const { control } = deck.sampler;
  const now = deck.sampler.now();
  if (control === undefined || (!changed && now - held.at < EVERY_MS)) return;
  if (held.reading) {
    held.again ||= changed;
    return;
  }
  held.at = now;
  held.reading = true;
  void read(deck, control, deck.journal)
    .catch(() => {
      // the connection is gone: the next time
      held.at = Number.NEGATIVE_INFINITY;
    })
    .finally(() => {
      held.reading = false;
      if (!held.again) return;
      held.again = false;
      refreshRoutine(deck, true);
    });
}

async function read(deck: Deck, session: Session, journal: string): Promise<void> {
  // what reads repositories is loaded behind the first frames
  const [{ standingsOf }, { notSetUp, workText }, { systemIdentifier }] = await Promise.all([
    import('../../ops/routine/standings.ts'),
    import('../../ops/routine/words.ts'),
    import('../../ops/database/identity.ts'),
  ]);
  const { resolved, env } = deck;
  const { routine, backup, cleanup, target } = resolved;
  const standings = await standingsOf(
    {
      ...{ env, home: home(env), backup, journal, operations: entryOf, routine, session },
      here: { place: place(target), identifier: await systemIdentifier(session) },
      now: new Date(deck.ports.wallClock()),
    },
    routine,
  );
  const rows = standings.map(({ item, due, why, doneAt, dueAt }): RoutineRow => {
    const missing = notSetUp(item, { cleanup, backup });
    return {
      ...{ name: item.name, title: item.title, every: item.every, work: workText(item), doneAt, dueAt },
      state: missing !== undefined ? 'not set up' : due ? 'due' : 'done',
      why: missing ?? why,
    };
  });
  if (JSON.stringify(rows) === JSON.stringify(deck.model.routine)) return;
  deck.model.routine = rows;
  deck.nextRound();
}
