import { entryOf } from '../../ops/registry.ts';
import { parseDuration } from '../../text/units.ts';
import { arm } from '../arming/arming.ts';
import { COMMAND_ACTIONS } from '../commands/actions.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { AnyView } from '../core/view.ts';
import { PALETTE_ACTIONS } from '../palette/actions.ts';
import { choosePalette } from '../palette/palette.ts';
import { chooseServer } from '../servers/switch.ts';
import { toggleDetails } from '../signal/actions.ts';
import { chooseOption } from '../signal/options.ts';
import { scrollQuestion, unread } from '../signal/question.ts';
import { terminateIdle } from '../signal/signal.ts';
import { PICKER_ACTIONS } from '../sort.ts';
import { viewOf } from '../views/registry.ts';
import { confirmName, openWizard, operationDisabled } from '../wizard/flow.ts';
import { scrollWizard } from '../wizard/scroll.ts';
import { questionOf } from './question.ts';
import { back, interrupt } from './screen.ts';

function scroll(deck: Deck, by: (at: number, page: number) => number): void {
  const { overlay, size } = deck.state;
  const page = Math.max(1, size.rows - 8);
  if (overlay?.kind === 'wizard') scrollWizard(deck, by);
  if (overlay && 'scroll' in overlay)
    deck.open({ ...overlay, scroll: Math.max(0, by(overlay.scroll, page)) });
}

/** Another option where there are several; else further down or up. */
function chooseOrScroll(deck: Deck, by: 1 | -1): void {
  if (!chooseOption(deck, by)) scrollDialog(deck, (at) => at + by);
}

function scrollDialog(deck: Deck, by: (at: number, page: number) => number): void {
  const { overlay } = deck.state;
  if (overlay?.kind === 'signal' && overlay.phase.step === 'ask') scrollQuestion(deck, by);
  else scroll(deck, by);
}

function takeField(deck: Deck): void {
  const { overlay } = deck.state;
  // what is wrong is told until it is right, or given up
  if (overlay?.kind === 'filter' && overlay.fault === undefined) deck.open(undefined);
  if (overlay?.kind === 'arm') arm(deck, overlay.field.text);
  if (overlay?.kind === 'palette') choosePalette(deck);
  if (overlay?.kind === 'servers') chooseServer(deck);
  if (overlay?.kind === 'wizard') confirmName(deck);
  if (overlay?.kind === 'password') deck.answerPassword(overlay.field.text);
  if (overlay?.kind === 'idle') {
    const seconds = parseDuration(overlay.field.text);
    if (seconds === undefined || seconds <= 0)
      deck.open({ ...overlay, problem: 'A number with its unit: 90s, 10m, 2h.' });
    else terminateIdle(deck, seconds);
  }
}

function toggleAnswer(deck: Deck): void {
  const question = questionOf(deck);
  question?.show(!question.yes);
}

/** Enter gives the answer shown; that is No until somebody has chosen otherwise. */
function giveAnswer(deck: Deck): void {
  const question = questionOf(deck);
  if (question?.yes) question.accept();
  else if (question) question.refuse();
  else if (!isSending(deck)) deck.open(undefined);
}

function leaveDialog(deck: Deck): void {
  const question = questionOf(deck);
  if (question) question.refuse();
  else if (isSending(deck)) interrupt(deck);
  else deck.open(undefined);
}

/** What fixes what the open details are about, where an operation does. */
function remedyOf({ state: { overlay } }: Deck): ReturnType<NonNullable<AnyView['remedy']>> {
  return overlay?.kind === 'detail' ? viewOf(overlay.view).remedy?.(overlay.row) : undefined;
}

function closeOrFix(deck: Deck): void {
  const remedy = remedyOf(deck);
  const entry = remedy && entryOf(remedy.operation);
  if (!remedy || !entry) {
    back(deck);
    return;
  }
  const why = operationDisabled(deck, entry);
  if (why === undefined) openWizard(deck, entry, { preset: remedy.input });
  else deck.say(why, 'error');
}

const hasTargets = ({ state: { overlay } }: Deck) =>
  overlay?.kind === 'signal' && overlay.phase.step === 'ask' && overlay.phase.plan.victims.length > 0;

/** A list is read to its end before it is answered with yes. */
const isAnswerable = (deck: Deck) => questionOf(deck) !== undefined && unread(deck) === 0;

const isSending = ({ state: { overlay } }: Deck) =>
  overlay?.kind === 'signal' && overlay.phase.step === 'running';

const hasOptions = ({ state: { overlay } }: Deck) =>
  overlay?.kind === 'signal' && overlay.phase.step === 'ask' && overlay.phase.options.length > 1;

const notAsked = (deck: Deck) => (questionOf(deck) ? undefined : 'nothing is asked');

export const OVERLAY_ACTIONS: readonly Action[] = [
  action('reader.down', 'reader', 'down j', 'Down', (d) => scroll(d, (at) => at + 1)),
  action('reader.up', 'reader', 'up k', 'Up', (d) => scroll(d, (at) => at - 1)),
  action('reader.pagedown', 'reader', 'pgdn space', 'Page down', (d) => scroll(d, (at, page) => at + page)),
  action('reader.pageup', 'reader', 'pgup', 'Page up', (d) => scroll(d, (at, page) => at - page)),
  action('reader.first', 'reader', 'g home', 'Beginning', (d) => scroll(d, () => 0)),
  action('reader.last', 'reader', 'G end', 'End', (d) => scroll(d, () => Number.MAX_SAFE_INTEGER)),
  action('reader.close', 'close', 'enter', 'Close, or fix what it is about', closeOrFix, {
    hint: 1,
    shortOn: (d) => (remedyOf(d) === undefined ? 'close' : 'fix it'),
  }),
  action('dialog.enter', 'dialog', 'enter', 'Give the answer shown', giveAnswer, {
    hint: 1,
    shortOn: (d) => (questionOf(d) ? 'answer' : isSending(d) ? undefined : 'close'),
  }),
  action('dialog.toggle', 'dialog', 'tab backtab left right h l', 'The other answer', toggleAnswer, {
    hint: 2,
    short: 'other answer',
    disabled: notAsked,
  }),
  action('dialog.yes', 'dialog', 'y', 'Yes', (d) => questionOf(d)?.accept(), {
    hint: 3,
    shortOn: (d) => (isAnswerable(d) ? 'yes' : undefined),
    danger: true,
    disabled: notAsked,
  }),
  action('dialog.no', 'dialog', 'n', 'No', leaveDialog, {
    hint: 4,
    shortOn: (d) => (questionOf(d) ? 'no' : undefined),
  }),
  action('dialog.leave', 'dialog', 'esc q', 'No, stop, or close', leaveDialog, {
    hint: 4,
    shortOn: (d) => (isSending(d) ? 'stop' : undefined),
  }),
  action('dialog.down', 'dialog', 'down j', 'Next option, or down', (d) => chooseOrScroll(d, 1), {
    hint: 2,
    shortOn: (d) => (hasOptions(d) ? 'option' : undefined),
  }),
  action('dialog.up', 'dialog', 'up k', 'Option before, or up', (d) => chooseOrScroll(d, -1)),
  action(
    'dialog.pagedown',
    'dialog',
    'pgdn space',
    'Page down',
    (d) => scrollDialog(d, (at, page) => at + page),
    { hint: 1, shortOn: (d) => (unread(d) > 0 ? 'read on' : undefined) },
  ),
  action('dialog.pageup', 'dialog', 'pgup', 'Page up', (d) => scrollDialog(d, (at, page) => at - page)),
  action('dialog.details', 'dialog', 'd', 'Pids and statements, or one row each', toggleDetails, {
    hint: 5,
    shortOn: (d) => (hasTargets(d) ? 'pids and SQL' : undefined),
    disabled: (d) => (hasTargets(d) ? undefined : 'there is nothing more to show'),
  }),
  action('field.enter', 'field', 'enter', 'Accept', takeField, {
    hint: 1,
    // a name that is typed is an answer
    shortOn: (d) => (d.state.overlay?.kind === 'wizard' ? 'run it' : 'accept'),
  }),
  action('field.escape', 'field', 'esc', 'Cancel', back, { hint: 2, short: 'back' }),
  ...PALETTE_ACTIONS,
  ...PICKER_ACTIONS,
  ...COMMAND_ACTIONS,
];
