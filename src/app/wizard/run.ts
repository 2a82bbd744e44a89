import { setTimeout as delay } from 'node:timers/promises';
import { connectionWords, withConnection } from '../../ops/engine/connection.ts';
import type { OpEvent, Plan } from '../../ops/engine/plan.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { Deck } from '../core/deck.ts';
import { keyOr } from '../core/keys.ts';
import { openedWizard, runningWizards, wizardById } from '../core/state.ts';
import { allHeld, contextFor, heldBy, release, releaseAll } from './resources.ts';
import { afterEvents, beginRun, type RunEnding } from './run-view.ts';
import { updateWizard } from './state.ts';
import type { Wizard } from './types.ts';

/** What streams in is shown at most ten times a second. */
const BATCH_MS = 100;
/** While nobody looks at it; the other panes are computed anew with every change. */
const HIDDEN_MS = 1000;
/** Elapsed times go on while nothing streams in. */
const CLOCK_MS = 500;
/** How long leaving the program may wait for what is being taken back. */
const SETTLE_MS = 30_000;

/** Carries out a confirmed plan, behind the screen: it goes on when the wizard is left. */
export function startRun(deck: Deck, { id }: Wizard, plan: Plan): void {
  const held = heldBy(deck, id);
  if (held.running) return;
  const abort = new AbortController();
  const run = beginRun(plan, deck.ports.wallClock());
  updateWizard(deck, id, { phase: { step: 'run', plan, run }, scroll: undefined });
  const clock = setInterval(() => {
    if (isShown(deck, id)) show(deck, id);
  }, CLOCK_MS);
  const done = drive(deck, id, plan, abort.signal).finally(() => {
    clearInterval(clock);
    delete held.running;
  });
  held.running = { abort, done };
}

async function drive(deck: Deck, id: number, plan: Plan, signal: AbortSignal): Promise<void> {
  const { pending } = heldBy(deck, id);
  let batch: NodeJS.Timeout | undefined;
  try {
    const [{ runPlan }, { tellEnd }, context] = await Promise.all([
      import('../../ops/engine/run/runner.ts'),
      import('../../ops/notify/run-end.ts'),
      contextFor(deck, id),
    ]);
    for await (const event of runPlan(plan, context, { signal })) {
      queue(pending, event);
      if (event.type === 'end') tell(deck, id, tellEnd(plan, event, context));
      if (event.type === 'begin') {
        // from now on it can be found by its id
        show(deck, id);
        deck.refreshRuns(true);
      }
      batch ??= setTimeout(
        () => {
          batch = undefined;
          show(deck, id);
        },
        isShown(deck, id) ? BATCH_MS : HIDDEN_MS,
      );
    }
  } catch (error) {
    const at = deck.ports.wallClock();
    pending.push({
      type: 'end',
      at,
      ok: false,
      status: 'refused',
      run: '',
      ms: 0,
      text: sentenceOf(error),
      state: 'Nothing was changed.',
      undo: null,
    });
  }
  clearTimeout(batch);
  show(deck, id);
  await release(deck, id).catch(() => {});
  // what it has changed is on the other screens too
  deck.sampler.refresh();
  deck.refreshRuns(true);
}

/** Says who could not be told outside; nobody waits for it but who leaves the program. */
function tell(deck: Deck, id: number, failures: Promise<readonly string[]>): void {
  const held = heldBy(deck, id);
  const said = failures.then((all) => {
    for (const failure of all) deck.say(failure, 'error', true);
  });
  held.telling = Promise.all([held.telling, said]);
}

/** Of a bar only the newest state counts. */
function queue(pending: OpEvent[], event: OpEvent): void {
  const last = pending.at(-1);
  const replaces =
    event.type === 'progress' &&
    last?.type === 'progress' &&
    last.step === event.step &&
    last.label === event.label;
  if (replaces) pending.pop();
  pending.push(event);
}

function isShown(deck: Deck, id: number): boolean {
  return openedWizard(deck.state)?.id === id;
}

/** Brings what has happened onto the screen. */
function show(deck: Deck, id: number): void {
  const wizard = wizardById(deck.state, id);
  const events = heldBy(deck, id).pending.splice(0);
  if (wizard?.phase.step !== 'run') return;
  const run = afterEvents(wizard.phase.run, events, deck.ports.wallClock());
  if (run.end === undefined) updateWizard(deck, id, { phase: { ...wizard.phase, run } });
  else {
    updateWizard(deck, id, { phase: { step: 'result', plan: wizard.phase.plan, run }, scroll: 0 });
    report(deck, run.end, isShown(deck, id));
  }
}

/** What became of it: in the message log, and on the screen after the program, where a command names its server. */
function report(deck: Deck, { status, text, undo }: RunEnding, shown: boolean): void {
  const command = undo && withConnection(undo, connectionWords(deck.resolved));
  const sentence = command === null ? text : `${text} To undo it: ${command}`;
  const level = status === 'done' ? 'done' : 'error';
  if (shown) deck.note(sentence, level, status !== 'refused');
  else deck.say(sentence, level, status !== 'refused');
}

// --- cancelling ---------------------------------------------------------------------------------------------------

/** Asks whether to cancel the run that is shown. */
export function askCancel(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step !== 'run' || wizard.phase.run.cancelling) return;
  updateWizard(deck, wizard.id, { phase: { ...wizard.phase, asked: { yes: false } } });
}

/** Cancels a run: what was begun is taken back. */
export function cancelRun(deck: Deck, { id }: Wizard): void {
  const wizard = wizardById(deck.state, id);
  heldBy(deck, id).running?.abort.abort();
  if (wizard?.phase.step !== 'run') return;
  const run = { ...wizard.phase.run, cancelling: true };
  updateWizard(deck, id, { phase: { ...wizard.phase, run, asked: undefined } });
}

/** ^C: asks whether to cancel; pressed again, cancels. False when nothing runs that could be. */
export function interruptRuns(deck: Deck, again: boolean): boolean {
  const running = runningWizards(deck.state);
  const going = running.filter(({ phase }) => phase.step === 'run' && !phase.run.cancelling);
  const [newest] = going.toReversed();
  if (newest === undefined) {
    if (running.length > 0 && !again)
      deck.say(`It is being stopped. ${keyOr(deck, 'interrupt')} again within 3 s ends pgdeck.`, 'error');
    return running.length > 0 && !again;
  }
  if (again) for (const wizard of going) cancelRun(deck, wizard);
  else {
    const opened = openedWizard(deck.state);
    if (!opened || !going.includes(opened)) deck.open({ kind: 'wizard', wizard: newest.id });
    askCancel(deck);
  }
  return true;
}

/**
 * Cancels what runs and waits until it has been taken back and those outside were told, not for ever; closes every
 * connection of the wizards.
 */
export async function settleRuns(deck: Deck): Promise<void> {
  const running = allHeld(deck).flatMap((held) => held.running ?? []);
  for (const { abort } of running) abort.abort();
  const timeout = new AbortController();
  await Promise.race([
    Promise.all(running.map(({ done }) => done)).then(() =>
      Promise.all(allHeld(deck).map((held) => held.telling)),
    ),
    delay(SETTLE_MS, undefined, { signal: timeout.signal }).catch(() => {}),
  ]);
  timeout.abort();
  await releaseAll(deck);
}
