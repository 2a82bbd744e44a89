import { explain, unexplainable } from '../../db/explain.ts';
import { backendDetail } from '../../db/views/backend.ts';
import { STATEMENT_CHARS } from '../../db/views/statements.ts';
import type { Deck } from '../deck.ts';
import { focusedView, selectedRow } from '../select.ts';

/** Shows the plan of the statement under the cursor. */
export function explainRow(deck: Deck): void {
  void explainSelected(deck);
}

async function explainSelected(deck: Deck): Promise<void> {
  const view = focusedView(deck.state);
  const row = selectedRow(deck.model, deck.state);
  const session = deck.sampler.control;
  if (row === undefined || !session) return;
  const backend = view.backend?.(row);
  const title = backend ? `EXPLAIN of what session ${backend.pid} runs` : 'EXPLAIN of the statement';
  deck.open({ kind: 'explain', title, lines: undefined, scroll: 0 });
  const show = (change: { lines: readonly string[] } | { problem: string }) => {
    const { overlay } = deck.state;
    if (overlay?.kind === 'explain' && overlay.title === title)
      deck.open({ ...overlay, lines: [], ...change });
  };
  try {
    // the list carries only the beginning of the text
    const [whole] = backend ? await session.run(backendDetail, backend) : [];
    const query = whole?.query ?? view.query?.(row) ?? '';
    const size = Number(session.server.settings.track_activity_query_size ?? 1024) - 1;
    const problem =
      !backend && query.length >= STATEMENT_CHARS
        ? `Only the first ${STATEMENT_CHARS} characters of the text are kept, so it is no complete query.`
        : unexplainable(query, session.server, backend ? size : undefined);
    show(problem === undefined ? { lines: await explain(session, query) } : { problem });
  } catch (error) {
    show({ problem: (error as Error).message });
  }
}
