import type { MigrationAdapter } from '../types.ts';

/**
 * The tools of others that can be driven, a folder each. The first that knows a directory as its own is taken. One that
 * is named is loaded alone.
 */
const FOLDERS: Readonly<Record<string, () => Promise<{ readonly adapter: MigrationAdapter }>>> = {
  'flask-migrate': () => import('./flask-migrate/flask-migrate.ts'),
  alembic: () => import('./alembic/alembic.ts'),
  aerich: () => import('./aerich/aerich.ts'),
  dbmate: () => import('./dbmate/dbmate.ts'),
  'node-pg-migrate': () => import('./node-pg-migrate/node-pg-migrate.ts'),
  // what is behind the scripts may be one of the others
  npm: () => import('./npm/npm.ts'),
};

/** Their ids, in that order. */
export const ADAPTER_IDS: readonly string[] = Object.keys(FOLDERS);

/** The one of that id; undefined when there is none. */
export async function loadAdapter(id: string): Promise<MigrationAdapter | undefined> {
  if (!Object.hasOwn(FOLDERS, id)) return undefined;
  return (await FOLDERS[id]?.())?.adapter;
}

/** All of them, in that order. */
export async function loadAdapters(): Promise<readonly MigrationAdapter[]> {
  const loaded = await Promise.all(Object.values(FOLDERS).map((load) => load()));
  return loaded.map(({ adapter }) => adapter);
}
