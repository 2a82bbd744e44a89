import { explainTree, functionOwners, type Path, unexplainable } from '../../db/explain.ts';
import { backendDetail } from '../../db/queries/backend.ts';
import { statementEntries } from '../../db/queries/statements.ts';
import type { Deck } from '../core/deck.ts';
import type { Overlay } from '../core/state.ts';
import { focusedView, selectedRow } from '../views/select.ts';

/** Shows the plan of the statement under the cursor; asks first where planning could run somebody's functions. */
export function explainRow(deck: Deck): void {
  void explainSelected(deck);
}

/** Plans the statement although planning may run functions of others. */
export function confirmExplain(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'explain' || !overlay.risk) return;
  const { risk, ...rest } = overlay;
  deck.open(rest);
  void showPlan(deck, overlay.title, risk.query, risk.path);
}

type Change = Partial<Pick<Extract<Overlay, { kind: 'explain' }>, 'plan' | 'problem' | 'risk'>>;

function show(deck: Deck, title: string, change: Change): void {
  const { overlay } = deck.state;
  if (overlay?.kind === 'explain' && overlay.title === title) deck.open({ ...overlay, ...change });
}

async function showPlan(deck: Deck, title: string, query: string, path?: Path): Promise<void> {
  const session = deck.sampler.control;
  try {
    if (!session) throw new Error('There is no connection.');
    const { plans } = await explainTree(session, query, path);
    show(deck, title, { plan: plans });
  } catch (error) {
    show(deck, title, { problem: (error as Error).message });
  }
}

async function explainSelected(deck: Deck): Promise<void> {
  const view = focusedView(deck.state);
  const row = selectedRow(deck.model, deck.state);
  const session = deck.sampler.control;
  if (row === undefined || !session) return;
  const backend = view.backend?.(row);
  const title = backend ? `EXPLAIN of what session ${backend.pid} runs` : 'EXPLAIN of the statement';
  deck.open({ kind: 'explain', title, scroll: 0 });
  try {
    // the list carries only the beginning of the text
    const [whole] = backend ? await session.run(backendDetail, backend) : [];
    const queryid = view.queryId?.(row) ?? undefined;
    const [entry] = queryid === undefined ? [] : await session.run(statementEntries, { queryid });
    const query = whole?.query ?? entry?.query ?? view.query?.(row) ?? '';
    const path = entry?.search_path ?? undefined;
    const size = Number(session.server.settings.track_activity_query_size ?? 1024) - 1;
    const problem = unexplainable(query, backend ? size : undefined);
    if (problem !== undefined) {
      show(deck, title, { problem });
      return;
    }
    const owners = (await session.run(functionOwners, undefined)).map((owner) => owner.rolname);
    if (owners.length === 0) await showPlan(deck, title, query, path);
    else if (deck.readOnly)
      show(deck, title, { problem: `Read-only: ${riskSentence(owners, session.server.user)}` });
    else show(deck, title, { risk: { owners, query, yes: false, ...(path !== undefined && { path }) } });
  } catch (error) {
    show(deck, title, { problem: (error as Error).message });
  }
}

/** What may happen when a plan is asked for. */
export function riskSentence(owners: readonly string[], user: string): string {
  return `planning can run functions of ${owners.join(', ')} with the rights of ${user}.`;
}
