import type { Session } from '../../db/client.ts';
import { lockModeName } from '../../db/lock-modes.ts';
import { backendDetail, backendLocks } from '../../db/queries/backend.ts';
import { duration } from '../../text/units.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { DetailSection } from '../core/section.ts';
import type { Overlay } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import type { BackendRef } from '../core/view.ts';
import type { FleetRow } from '../fleet/row.ts';
import type { RunRow } from '../runs/read.ts';
import { runSections } from '../runs/sections.ts';
import { enterServer } from '../servers/switch.ts';
import { waitText } from '../views/activity.ts';
import { fleetView } from '../views/fleet.ts';
import { operationsView } from '../views/operations.ts';
import { processFacts } from '../views/process-columns.ts';
import { VIEWS, viewOf } from '../views/registry.ts';
import { focusedView, noRow, selectedRow } from '../views/select.ts';

const LOCKS_LISTED = 200;

/** Opens everything known of the row under the cursor; a server itself. */
export function openDetail(deck: Deck): void {
  const view = focusedView(deck.state);
  const row = selectedRow(deck.model, deck.state);
  if (row === undefined) return;
  if (view === fleetView) {
    enterServer(deck, row as FleetRow);
    return;
  }
  if (view === operationsView) {
    const { id } = row as RunRow;
    const wizard = deck.state.wizards.find(({ phase }) => 'run' in phase && phase.run.run === id);
    if (wizard) {
      deck.open({ kind: 'wizard', wizard: wizard.id });
      return;
    }
  }
  deck.open({ kind: 'detail', view: view.id, row, identity: view.identity(row), gone: false, scroll: 0 });
  refreshDetail(deck);
}

type DetailOverlay = Extract<Overlay, { kind: 'detail' }>;

function current(deck: Deck, identity: string): DetailOverlay | undefined {
  const { overlay } = deck.state;
  return overlay?.kind === 'detail' && overlay.identity === identity ? overlay : undefined;
}

/** The run that was read last, as it was then; and whether the server is being asked. */
const ASKING: Slot<{ run?: string; server: boolean }> = { make: () => ({ server: false }) };

/** A run that is over stays as it is; one of another program is looked at again. */
function readRunDetail(deck: Deck, row: RunRow): void {
  const open = current(deck, row.id);
  const asking = deck.store.held(ASKING);
  const state = `${row.id} ${row.status} ${row.undoneBy} ${row.recoveredBy}`;
  if (!open || deck.journal === undefined) return;
  if (open.extra && row.status !== 'running' && asking.run === state) return;
  asking.run = state;
  deck.open({ ...open, extra: runSections(deck.journal, row.id) });
}

/** Follows the row of an open detail, and asks the server for what the list does not carry. */
export function refreshDetail(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'detail') return;
  const view = viewOf(overlay.view);
  const found = view.rows(deck.model).find((row) => view.identity(row) === overlay.identity);
  if (found !== undefined && found !== overlay.row) deck.open({ ...overlay, row: found, gone: false });
  if (view === operationsView) readRunDetail(deck, (found ?? overlay.row) as RunRow);
  const backend = view.backend?.(overlay.row);
  const { control } = deck.sampler;
  const asking = deck.store.held(ASKING);
  if (!backend || !control || asking.server) return;
  asking.server = true;
  backendSections(deck, control, backend)
    .then((extra) => {
      const open = current(deck, overlay.identity);
      if (open) deck.open(extra ? { ...open, extra, gone: false } : { ...open, gone: true });
    })
    .catch((error: Error) => {
      const open = current(deck, overlay.identity);
      if (open) deck.open({ ...open, extra: [{ title: 'Not known', text: error.message }] });
    })
    .finally(() => {
      asking.server = false;
    });
}

/** The whole session: undefined when it is gone. */
async function backendSections(
  deck: Deck,
  session: Session,
  { pid, backendStart }: BackendRef,
): Promise<DetailSection[] | undefined> {
  const [[backend], locks] = await Promise.all([
    session.run(backendDetail, { pid, backendStart }),
    session.run(backendLocks, { pid, limit: LOCKS_LISTED }),
  ]);
  if (!backend) return undefined;
  const fact = (label: string, value: unknown): [string, string] => [
    label,
    value === null || value === undefined || value === '' ? '-' : String(value),
  ];
  return [
    {
      title: `Session ${pid}`,
      facts: [
        fact('user', backend.usename),
        fact('database', backend.datname),
        fact('application', backend.application_name),
        // over a socket the server has -1 for the port
        fact(
          'client',
          [backend.client_addr, (backend.client_port ?? 0) > 0 && backend.client_port]
            .filter(Boolean)
            .join(':'),
        ),
        fact('type', backend.backend_type),
        fact('state', backend.state),
        fact('wait', waitText(backend)),
        fact('in this state for', duration(backend.state_seconds)),
        fact('query began', ago(backend.query_seconds)),
        fact('transaction began', ago(backend.xact_seconds)),
        fact('connected', ago(backend.backend_seconds)),
        fact('backend_start, in microseconds', backend.backend_start_us),
        fact('query id', backend.query_id),
        ...processFacts({ pid, backendStart }, deck.model),
      ],
    },
    { title: 'Query', text: backend.query ?? '' },
    ...VIEWS.flatMap((view) => view.ofSession?.({ pid, queryId: backend.query_id }, deck.model) ?? []),
    {
      title:
        locks.length === 0
          ? 'No locks'
          : `Locks (${locks.length}${locks.length === LOCKS_LISTED ? ' or more' : ''})`,
      facts: locks.map((lock): [string, string] => [
        lock.granted ? 'holds' : 'WAITS FOR',
        `${lockModeName(lock.mode)} on ${lock.locktype} ${lock.relation ?? ''} ${lock.object ?? ''}`.trim() +
          (lock.wait_seconds === null ? '' : ` for ${duration(lock.wait_seconds)}`),
      ]),
    },
  ];
}

function ago(seconds: number | null): string | undefined {
  return seconds === null ? undefined : `${duration(seconds)} ago`;
}

export const DETAIL_ACTION: Action = action(
  'row.detail',
  'table',
  'enter',
  'Details of the row',
  openDetail,
  {
    hint: 1,
    shortOn: (d) => (focusedView(d.state) === fleetView ? 'open it' : 'details'),
    disabled: noRow,
  },
);
