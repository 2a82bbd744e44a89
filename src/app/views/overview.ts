import { defineScreen } from '../core/view.ts';
import { activityView } from './activity.ts';
import { databaseView } from './database.ts';
import { horizonView } from './horizon.ts';
import { loadView } from './load.ts';
import { locksView } from './locks.ts';
import { operationsView } from './operations.ts';
import { tablesView } from './tables.ts';

export const overviewScreen = defineScreen({
  id: 'overview',
  title: 'Overview',
  key: '1',
  panes: [locksView, activityView, databaseView, tablesView],
  dashboard: {
    side: [horizonView, databaseView, tablesView, loadView, operationsView],
    // who waits first, then who has worked for long, then sizes
    claims: {
      locks: { least: 2, share: 0.5 },
      activity: { least: 2, share: 0.3 },
      database: { least: 1, share: 0.15 },
      tables: { least: 2, share: 0.3 },
      horizon: { least: 1, most: 5, share: 0.2 },
      load: { least: 2, share: 0.15 },
      operations: { least: 2, share: 0.1 },
    },
    home: (model) => (locksView.rows(model).length > 0 ? locksView : activityView),
  },
});
