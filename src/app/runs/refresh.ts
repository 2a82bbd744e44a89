import { keptPoll } from '../../db/queries/database/kept.ts';
import type { Deck } from '../core/deck.ts';
import type { Slot } from '../core/store.ts';
import { copiesOf } from '../views/kept.ts';
import { operationsScreen } from '../views/operations.ts';
import { RunList } from './read.ts';

const EVERY_MS = 1000;

interface Reader {
  readonly list: RunList;
  lastAt: number;
  reading: boolean;
  again: boolean;
}

const READER: Slot<{ of?: Reader }> = { make: () => ({}) };

/** Reads the journal while the screen of operations is open: once a second, or now because something has changed. */
export function refreshRuns(deck: Deck, changed = false): void {
  if (deck.state.screen !== operationsScreen.id || deck.journal === undefined) return;
  const slot = deck.store.held(READER);
  slot.of ??= newReader(deck.journal);
  const reader = slot.of;
  const now = deck.sampler.now();
  if (changed && !deck.sampler.paused) deck.sampler.refresh([keptPoll]);
  if (!changed && now - reader.lastAt < EVERY_MS) return;
  if (reader.reading) {
    reader.again ||= changed;
    return;
  }
  void read(deck, reader, now);
}

function newReader(directory: string): Reader {
  return { list: new RunList(directory), lastAt: Number.NEGATIVE_INFINITY, reading: false, again: false };
}

async function read(deck: Deck, reader: Reader, now: number): Promise<void> {
  reader.reading = true;
  reader.lastAt = now;
  do {
    reader.again = false;
    const rows = await reader.list.read(deck.ports.wallClock());
    if (JSON.stringify(rows) !== JSON.stringify(deck.model.runs)) {
      const known = copiesOf(deck.model.runs).length;
      deck.model.runs = rows;
      // their sizes are asked for by name
      if (copiesOf(rows).length !== known) {
        deck.tellNeeds();
        if (!deck.sampler.paused) deck.sampler.refresh([keptPoll]);
      }
      deck.nextRound();
    }
  } while (reader.again);
  reader.reading = false;
}
