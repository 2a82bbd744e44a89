import type { Deck } from '../deck.ts';
import { tellNeeds } from '../flows/needs.ts';
import { copiesOf } from './kept.ts';
import { RunList } from './runs.ts';

const EVERY_MS = 1000;

interface Reader {
  readonly list: RunList;
  lastAt: number;
  reading: boolean;
  again: boolean;
}

const readers = new WeakMap<Deck, Reader>();

/** Reads the journal while the screen of operations is open: once a second, or now because something has changed. */
export function refreshRuns(deck: Deck, changed = false): void {
  if (deck.state.screen !== 'operations' || deck.journal === undefined) return;
  const reader = readers.get(deck) ?? newReader(deck.journal);
  readers.set(deck, reader);
  const now = deck.sampler.now();
  if (changed && !deck.sampler.paused) deck.sampler.refresh(['kept']);
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
        tellNeeds(deck);
        if (!deck.sampler.paused) deck.sampler.refresh(['kept']);
      }
      deck.nextRound();
    }
  } while (reader.again);
  reader.reading = false;
}
