import { place } from '../../db/errors.ts';
import type { SamplerEvent } from '../../monitor/sampler.ts';
import { connectionWords } from '../../ops/engine/connection.ts';
import { Journal } from '../../ops/engine/journal/journal.ts';
import { duration } from '../../text/units.ts';
import { action } from '../core/action.ts';
import { ARMED_MINUTES, ARMED_MS, armedFor } from '../core/armed.ts';
import type { Action, Deck } from '../core/deck.ts';
import { keyFor } from '../core/keys.ts';
import type { Slot } from '../core/store.ts';
import { EMPTY_FIELD } from '../core/text-field.ts';
import { releaseIdle } from '../wizard/resources.ts';

/** The record of the arming that holds. */
const RECORD: Slot<{ journal?: Journal | undefined }> = { make: () => ({}) };

/** Asks for the name of a read-only profile; of one that is written to for now, ends that. */
function toggleArmed(deck: Deck): void {
  if (deck.state.armed === undefined) deck.open({ kind: 'arm', field: EMPTY_FIELD });
  else disarm(deck, `${keyFor(deck, 'mode.arm') ?? 'it'} was pressed`);
}

/** Why it cannot be made writable now; undefined when it can. */
function armingDisabled(deck: Deck): string | undefined {
  if (deck.state.armed !== undefined) return undefined;
  if (!deck.given.readOnly) return 'it is writable already';
  if (deck.sampler.link.state !== 'connected') return 'there is no connection';
  return undefined;
}

/** Makes it writable where the name is that of the profile: recorded first, else not at all. */
export function arm(deck: Deck, typed: string): void {
  const { given, journal: directory, ports, sampler } = deck;
  const problem = (text: string) => deck.open({ kind: 'arm', field: EMPTY_FIELD, problem: text });
  if (typed !== given.name) {
    problem(typed === '' ? `Type the name, ${given.name}.` : 'That is not its name. It stays read-only.');
    return;
  }
  const why = armingDisabled(deck);
  if (why !== undefined || directory === undefined) {
    problem(`It stays read-only: ${why ?? 'there is no journal to record it in'}.`);
    return;
  }
  const since = ports.wallClock();
  const untilWall = since + ARMED_MS;
  const until = new Date(untilWall).toISOString().replace(/\.\d+Z$/, 'Z');
  const { user: role } = given.target;
  try {
    const journal = Journal.begin(
      directory,
      {
        operation: 'arm',
        subject: `Write to read-only ${given.name} until ${until}`,
        server: place(given.target),
        connection: connectionWords(given),
        system_identifier: undefined,
        input: { profile: given.profileName ?? null, name: given.name, role, until },
        steps: [{ id: 'armed', title: `Let role ${role} write to ${given.name}`, preview: `until ${until}` }],
      },
      new Date(since),
    );
    journal.startStep(0);
    deck.store.held(RECORD).journal = journal;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problem(`It stays read-only: the journal cannot be written (${code ?? (error as Error).message}).`);
    return;
  }
  deck.store.set({ armed: { since, until: sampler.now() + ARMED_MS, untilWall }, overlay: undefined });
  changed(deck);
  deck.say(
    `${given.name} is writable for ${ARMED_MINUTES} minutes. ${keyFor(deck, 'mode.arm') ?? ':arm'} ends it.`,
    'info',
    true,
  );
}

/** Ends it, and records why. Nothing where it is read-only. */
export function disarm(deck: Deck, why: string): void {
  const { armed } = deck.state;
  if (armed === undefined) return;
  deck.store.set({ armed: undefined });
  changed(deck);
  const held = deck.store.held(RECORD);
  const { journal } = held;
  held.journal = undefined;
  const seconds = (deck.ports.wallClock() - armed.since) / 1000;
  const text = `Read-only again after ${duration(seconds)}: ${why}.`;
  try {
    journal?.finishStep(0, true, text);
    journal?.end('done', null, text);
  } catch {
    deck.say('The journal could not be written: it lacks why this has ended.', 'error');
  }
  deck.say(text, 'info', true);
}

/** Ends it when its time is over or the connection has gone; counts down on the screen until then. */
export function followArmed(deck: Deck, event: SamplerEvent): void {
  if (deck.state.armed === undefined) return;
  if (deck.sampler.link.state !== 'connected') disarm(deck, 'the connection was lost');
  else if (armedFor(deck) === undefined) disarm(deck, `${ARMED_MINUTES} minutes are over`);
  else if (event === 'clock') deck.nextRound();
}

/** What was opened before plans and runs as it was then: another one is opened for what is done from now on. */
function changed(deck: Deck): void {
  void releaseIdle(deck);
  deck.refreshRuns(true);
}

export const ARM_ACTION: Action = action(
  'mode.arm',
  'screen',
  'W',
  `Write to a read-only profile for ${ARMED_MINUTES} minutes, or end that`,
  toggleArmed,
  { disabled: armingDisabled },
);
