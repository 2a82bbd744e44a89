import { place } from '../../db/errors.ts';
import { cleanLine } from '../../text/clean.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { ServerChoice } from '../core/servers.ts';
import { type Overlay, runningWizards } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import { EMPTY_FIELD } from '../core/text-field.ts';
import type { FleetRow } from '../fleet/row.ts';
import { overviewScreen } from '../views/overview.ts';

/** The attempt that is under way. */
const COMING: Slot<{ abort?: AbortController }> = { make: () => ({}) };

/** Why the server cannot be changed now; undefined when it can. */
export function switchRefused(deck: Deck): string | undefined {
  if (deck.ports.servers === undefined) return 'there is this server only';
  const titles = runningWizards(deck.state).flatMap(({ phase }) =>
    'plan' in phase ? [cleanLine(phase.plan.title)] : [],
  );
  if (titles.length > 0)
    return `${titles.join('; ')} ${titles.length === 1 ? 'is' : 'are'} running here: wait for the end, or cancel`;
  const { overlay } = deck.state;
  return overlay?.kind === 'signal' && overlay.phase.step === 'running'
    ? 'signals are being sent: wait for their answers'
    : undefined;
}

/** The servers that the words typed name, in their order. */
export function serversNamed(choices: readonly ServerChoice[], text: string): readonly ServerChoice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return choices.filter(({ name, place }) => {
    const all = `${name} ${place}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** Reads which servers there are: settings that cannot be read leave those that were known. */
export function refreshServers({ ports }: Pick<Deck, 'ports'>): void {
  try {
    ports.servers?.choices();
  } catch {
    // it is said to whoever wants to change to one
  }
}

/** Lists the servers. */
function openServers(deck: Deck): void {
  const choices = readChoices(deck);
  if (choices !== undefined) deck.open({ kind: 'servers', choices, field: EMPTY_FIELD, index: 0 });
}

/** Undefined where they cannot be read, which has been said. */
export function readChoices(deck: Deck): readonly ServerChoice[] | undefined {
  try {
    return deck.ports.servers?.choices();
  } catch (error) {
    deck.say((error as Error).message.split('\n')[0] ?? '', 'error');
    return undefined;
  }
}

/** Changes to the highlighted one. */
export function chooseServer(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'servers' || overlay.coming !== undefined) return;
  const found = serversNamed(overlay.choices, overlay.field.text);
  const chosen = found[Math.min(overlay.index, found.length - 1)];
  if (chosen) void changeTo(deck, overlay, chosen);
}

/** Whether it is the server that this console watches. */
export function isWatched({ resolved }: Pick<Deck, 'resolved'>, choice: ServerChoice): boolean {
  return choice.name === resolved.name && choice.place === place(resolved.target);
}

type ServersOverlay = Extract<Overlay, { kind: 'servers' }>;

async function changeTo(
  deck: Deck,
  { problem: _, ...overlay }: ServersOverlay,
  choice: ServerChoice,
): Promise<void> {
  const { servers } = deck.ports;
  const why = choice.problem ?? switchRefused(deck);
  if (isWatched(deck, choice) && choice.problem === undefined) {
    deck.open(undefined);
    deck.say(`This is ${cleanLine(choice.name)}.`);
    return;
  }
  if (servers === undefined || why !== undefined) {
    deck.open({ ...overlay, problem: `${cleanLine(choice.name)} was not opened: ${why ?? ''}` });
    return;
  }
  const abort = new AbortController();
  deck.store.held(COMING).abort = abort;
  deck.open({ ...overlay, coming: choice.name });
  const problem = await servers.open(choice, abort.signal);
  if (abort.signal.aborted || problem === undefined) return;
  const told = `${cleanLine(choice.name)} was not opened: ${problem}`;
  deck.note(told, 'error', false);
  deck.open({ ...overlay, problem: told });
}

/** Opens a server from the list of all: Esc leads back there. */
export function enterServer(deck: Deck, { name, place: where, watched }: FleetRow): void {
  const { screen } = deck.state;
  deck.store.set({ home: screen });
  if (watched) {
    deck.show(overviewScreen.id);
    return;
  }
  const choices = readChoices(deck);
  const choice = choices?.find((one) => one.name === name && one.place === where);
  if (choices === undefined || choice === undefined) return;
  void changeTo(
    deck,
    { kind: 'servers', choices, field: EMPTY_FIELD, index: choices.indexOf(choice) },
    choice,
  );
}

/** Back to the server that is watched: an attempt to connect to another one is given up. */
export function leaveServers(deck: Deck): void {
  deck.store.held(COMING).abort?.abort();
  deck.open(undefined);
}

/** An entry of the palette for each server that is named so. */
export function namedServers(deck: Deck, text: string): readonly Action[] {
  const names = deck.ports.servers?.names ?? [];
  return names
    .filter((name) => name.toLowerCase().startsWith(text))
    .map((name) =>
      action('run.server', 'screen', '', `Switch to ${cleanLine(name)}`, (d) => changeToNamed(d, name), {
        disabled: switchRefused,
      }),
    );
}

function changeToNamed(deck: Deck, name: string): void {
  const choices = readChoices(deck);
  const choice = choices?.find((one) => one.name === name);
  if (choices === undefined || choice === undefined) return;
  const index = choices.indexOf(choice);
  void changeTo(deck, { kind: 'servers', choices, field: EMPTY_FIELD, index }, choice);
}

export const SERVERS_ACTION: Action = action(
  'run.profiles',
  'screen',
  '',
  'Profiles: switch to another server',
  openServers,
  {
    disabled: switchRefused,
  },
);
