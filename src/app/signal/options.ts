import { waitGraph } from '../../db/blocking.ts';
import { type Cure, cures } from '../../db/cures.ts';
import { place } from '../../db/errors.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { planSignals } from '../../ops/signal/plan.ts';
import type { Refusal, SignalPlan, SignalRequest } from '../../ops/signal/types.ts';
import { waitingRows } from '../../ops/signal/waiting.ts';
import type { Deck } from '../core/deck.ts';
import type { SignalOption } from '../core/state.ts';
import { cureText } from '../views/locks/cure-text.ts';
import { locksView } from '../views/locks.ts';
import { screenOf } from '../views/registry.ts';
import { ask, phase } from './signal.ts';

/** Opens what would help those who wait, strongest first; the targets are those of the moment of the key. */
export function openOptions(deck: Deck): void {
  const shown = screenOf(deck.state.screen).panes.includes(locksView);
  const rows = shown && deck.model.part(locksPoll).status === 'ok' ? deck.model.rows(locksPoll) : undefined;
  void plan(deck, rows);
}

async function plan(deck: Deck, shown: readonly LockRow[] | undefined): Promise<void> {
  const session = deck.sampler.control;
  if (!session) return;
  const id = Symbol('options');
  deck.open({ kind: 'signal', id, action: 'terminate', phase: { step: 'planning' }, scroll: 0 });
  try {
    const rows = shown ?? (await waitingRows(session, deck.sampler.wants.queryChars));
    const graph = waitGraph(rows);
    const found = cures(rows, graph);
    if (found.length === 0) {
      const reason =
        graph.size === 0
          ? 'Nobody waits for a lock.'
          : 'Nothing that could be ended or cancelled would free one of those who wait.';
      phase(deck, id, { step: 'failed', reason });
      return;
    }
    const byPid = new Map(rows.map((row) => [row.pid, row]));
    const plans = await planSignals(
      found.map((cure) => requestOf(cure, byPid)),
      { place: place(deck.resolved.target), readOnly: deck.readOnly, control: async () => session },
    );
    const options = found.flatMap((cure, at) => optionOf(cure, plans[at], byPid));
    // what cannot be done is known, and is no first choice
    options.sort((a, b) => Number(isPossible(b)) - Number(isPossible(a)));
    const [first] = options;
    if (first) ask(deck, id, first.plan, { options });
  } catch (error) {
    phase(deck, id, { step: 'failed', reason: (error as Error).message });
  }
}

function isPossible({ plan, gid }: SignalOption): boolean {
  return gid !== undefined || plan.refused.length === 0;
}

/** Chooses another option; false where there are none. */
export function chooseOption(deck: Deck, by: 1 | -1): boolean {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'ask') return false;
  const question = overlay.phase;
  const { options } = question;
  if (options.length === 0) return false;
  const at = options.findIndex(({ plan }) => plan === question.plan) + by;
  const next = options[Math.min(options.length - 1, Math.max(0, at))];
  // an answer was about the other one
  if (next && next.plan !== question.plan)
    deck.open({ ...overlay, scroll: 0, phase: { ...question, plan: next.plan, yes: false, read: 0 } });
  return true;
}

function requestOf({ action, pids }: Cure, byPid: ReadonlyMap<number, LockRow>): SignalRequest {
  return {
    action,
    // what a session holds is why it is hit: it may have gone on while the question is read
    sameTransaction: true,
    pick: {
      pids: pids.map((pid) => {
        const { backend_start_us: start = null, query_start_us: query = null } = byPid.get(pid) ?? {};
        return {
          pid,
          ...(start !== null && { backendStart: start }),
          ...(action === 'cancel' && query !== null && { queryStart: query }),
        };
      }),
    },
  };
}

/** It is there, and would help if it could be signalled. */
function isLasting({ why }: Refusal): boolean {
  return why !== 'already_gone' && why !== 'another_session' && why !== 'moved_on';
}

function optionOf(
  cure: Cure,
  plan: SignalPlan | undefined,
  byPid: ReadonlyMap<number, LockRow>,
): SignalOption[] {
  if (plan === undefined) return [];
  const { pids, frees } = cure;
  const prepared = pids.filter((pid) => pid <= 0);
  // no signal reaches a prepared transaction: its plan counts without it
  const gid = prepared.map((pid) => byPid.get(pid)?.gid).find((name) => typeof name === 'string');
  const refused = plan.victims.length === 0 && plan.refused.every(isLasting);
  const freed = gid != null || refused ? frees.length : plan.waitersUnknown === undefined ? plan.frees : null;
  return [
    {
      ...{ plan, label: cureText(cure, (pid) => byPid.get(pid), true), frees: freed },
      ...(gid != null && { gid, rest: pids.length - 1 }),
    },
  ];
}
