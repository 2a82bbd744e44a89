import type { MigrationAdapter } from '../types.ts';

/** The tools of others that can be driven, a folder each. The first that knows a directory as its own is taken. */
const FOLDERS: readonly (() => Promise<{ readonly adapter: MigrationAdapter }>)[] = [
  () => import('./flask-migrate/flask-migrate.ts'),
  () => import('./alembic/alembic.ts'),
  () => import('./aerich/aerich.ts'),
  () => import('./dbmate/dbmate.ts'),
  () => import('./node-pg-migrate/node-pg-migrate.ts'),
  // what is behind the scripts may be one of the others
  () => import('./npm/npm.ts'),
];

/** All of them, in that order. */
export async function loadAdapters(): Promise<readonly MigrationAdapter[]> {
  const loaded = await Promise.all(FOLDERS.map((load) => load()));
  return loaded.map(({ adapter }) => adapter);
}
