import { defineScreen } from '../core/view.ts';
import { activityView } from './activity.ts';
import { databaseView } from './database.ts';
import { locksView } from './locks.ts';
import { tablesView } from './tables.ts';

export const overviewScreen = defineScreen({
  id: 'overview',
  title: 'Overview',
  key: '1',
  panes: [activityView, locksView, databaseView, tablesView],
  weights: [6, 5, 4, 5],
  dashboard: true,
});
