import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { Overlay, Sent } from '../core/state.ts';
import { readSent } from './read.ts';

type Commands = Extract<Overlay, { kind: 'commands' }>;

const opened = ({ state: { overlay } }: Deck): Commands | undefined =>
  overlay?.kind === 'commands' ? overlay : undefined;

/** The messages, their second page, and the first one again. */
function turnLog(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind === 'log') void openCommands(deck);
  else deck.open({ kind: 'log', scroll: 0 });
}

async function openCommands(deck: Deck): Promise<void> {
  deck.open({ kind: 'commands', index: 0 });
  const page = deck.state.overlay;
  const entries = await readSent(deck.journal, deck.state.sent);
  // it may have been closed meanwhile
  if (deck.state.overlay === page) deck.open({ kind: 'commands', index: 0, entries });
}

function move(deck: Deck, to: (index: number, last: number) => number): void {
  const page = opened(deck);
  const last = (page?.entries?.length ?? 0) - 1;
  if (page) deck.open({ ...page, index: Math.max(0, Math.min(last, to(page.index, last))) });
}

const chosen = (deck: Deck): Sent | undefined => {
  const page = opened(deck);
  return page?.entries?.[page.index];
};

function copy(deck: Deck): void {
  const sent = chosen(deck);
  if (sent) deck.copy(sent.text, 'The command was');
}

export const LOG_ACTION: Action = action(
  'help.log',
  'screen',
  'L',
  'Messages, then what pgdeck has sent',
  turnLog,
);

/** While what was sent is shown. */
export const COMMAND_ACTIONS: readonly Action[] = [
  action('commands.down', 'commands', 'down j', 'Down', (d) => move(d, (at) => at + 1)),
  action('commands.up', 'commands', 'up k', 'Up', (d) => move(d, (at) => at - 1)),
  action('commands.pagedown', 'commands', 'pgdn space', 'Page down', (d) => move(d, (at) => at + d.page)),
  action('commands.pageup', 'commands', 'pgup', 'Page up', (d) => move(d, (at) => at - d.page)),
  action('commands.first', 'commands', 'g home', 'The newest', (d) => move(d, () => 0)),
  action('commands.last', 'commands', 'G end', 'The oldest', (d) => move(d, (_, last) => last)),
  action('commands.copy', 'commands', 'y', 'Copy the statement or command', copy, {
    hint: 1,
    short: 'copy',
    disabled: (d) => (chosen(d) === undefined ? 'nothing was sent' : undefined),
  }),
];
