import type { ViewId } from '../core/rows.ts';
import type { ScreenId } from '../core/state.ts';
import type { AnyView, View } from '../core/view.ts';
import { activityView } from './activity.ts';
import { databaseView } from './database.ts';
import { indexesView } from './indexes.ts';
import { keptView } from './kept.ts';
import { locksView } from './locks.ts';
import { operationsView } from './operations.ts';
import { progressView } from './progress.ts';
import { replicationView, slotsView } from './replication.ts';
import { statementsView } from './statements.ts';
import { tablesView } from './tables.ts';
import { walView } from './wal.ts';

/** Forgets the row type: rows of a view only ever go back to the same view. */
function any<Row>(view: View<Row>): AnyView {
  return view as unknown as AnyView;
}

/** Every view, by its id. */
export const VIEWS: Readonly<Record<ViewId, AnyView>> = {
  activity: any(activityView),
  locks: any(locksView),
  database: any(databaseView),
  tables: any(tablesView),
  indexes: any(indexesView),
  statements: any(statementsView),
  replication: any(replicationView),
  slots: any(slotsView),
  wal: any(walView),
  progress: any(progressView),
  operations: any(operationsView),
  kept: any(keptView),
};

/** A screen is one view or several, one below the other. */
export interface Screen {
  readonly id: ScreenId;
  readonly title: string;
  /** The key that opens it; without one it is opened from the palette. */
  readonly key?: string;
  readonly panes: readonly [ViewId, ...ViewId[]];
  /** How the height is shared where the panes stand one below the other. */
  readonly weights?: readonly number[];
}

export const SCREENS: readonly Screen[] = [
  {
    id: 'overview',
    title: 'Overview',
    key: '1',
    panes: ['activity', 'locks', 'database', 'tables'],
    weights: [6, 5, 4, 5],
  },
  { id: 'activity', title: 'Activity', key: '2', panes: ['activity'] },
  { id: 'locks', title: 'Locks', key: '3', panes: ['locks'] },
  { id: 'tables', title: 'Tables', key: '4', panes: ['tables'] },
  { id: 'indexes', title: 'Indexes', key: '5', panes: ['indexes'] },
  { id: 'statements', title: 'Statements', key: '6', panes: ['statements'] },
  {
    id: 'replication',
    title: 'Replication & WAL',
    key: '7',
    panes: ['progress', 'replication', 'slots', 'wal'],
    weights: [4, 4, 3, 9],
  },
  { id: 'operations', title: 'Operations', key: '8', panes: ['operations', 'kept'], weights: [3, 1] },
  { id: 'databases', title: 'Databases', panes: ['database'] },
  { id: 'progress', title: 'Progress', panes: ['progress'] },
];

export function screenOf(id: ScreenId): Screen {
  const screen = SCREENS.find((s) => s.id === id);
  if (!screen) throw new Error(`no screen ${id}`);
  return screen;
}
