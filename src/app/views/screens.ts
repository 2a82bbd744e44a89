/** Every screen. Adding one is its query, its view with the screen, and a line here; keys order them. */
export { activityScreen } from './activity.ts';
export { databasesScreen } from './database.ts';
export { fleetScreen } from './fleet.ts';
export { healthScreen } from './health.ts';
export { indexesScreen } from './indexes.ts';
export { locksScreen } from './locks.ts';
export { operationsScreen } from './operations.ts';
export { overviewScreen } from './overview.ts';
export { progressScreen } from './progress.ts';
export { replicationScreen } from './replication.ts';
export { settingsScreen } from './settings.ts';
export { spaceScreen } from './space.ts';
export { statementsScreen } from './statements.ts';
export { tablesScreen } from './tables.ts';
