import type { MigrationAdapter } from '../types.ts';
import type { Adapting } from './shared/adapting.ts';

/** An adapter that is loaded when it is first asked something. */
function lazy(
  facts: Pick<MigrationAdapter, 'id' | 'title' | 'can'>,
  load: () => Promise<Adapting>,
): MigrationAdapter {
  return {
    ...facts,
    detect: async (place) => (await load()).detect(place),
    owns: async (place) => (await (await load()).owns?.(place)) === true,
    ...(facts.can.create && {
      create: async (place, asked) => {
        const { create } = await load();
        if (create === undefined) throw new Error(`${facts.id} creates nothing`);
        return create(place, asked);
      },
    }),
    status: async (where) => (await load()).status(where),
    route: async (where, direction, to) => (await load()).route(where, direction, to),
  };
}

const all = { down: true, to: true, steps: true, create: true } as const;

/** The tools of others that can be driven. The first that knows a directory as its own is taken. */
export const ADAPTERS: readonly MigrationAdapter[] = [
  // Alembic inside an application: its directory looks like Alembic's
  lazy(
    { id: 'flask-migrate', title: 'Flask-Migrate', can: { ...all, preview: 'full' } },
    async () => (await import('./alembic/alembic.ts')).flaskMigrate,
  ),
  lazy(
    { id: 'alembic', title: 'Alembic', can: { ...all, preview: 'full' } },
    async () => (await import('./alembic/alembic.ts')).alembic,
  ),
  lazy(
    { id: 'aerich', title: 'Aerich', can: { ...all, preview: 'partial' } },
    async () => (await import('./aerich/aerich.ts')).aerich,
  ),
  lazy(
    { id: 'dbmate', title: 'dbmate', can: { ...all, create: false, preview: 'full' } },
    async () => (await import('./dbmate/dbmate.ts')).dbmate,
  ),
  lazy(
    { id: 'node-pg-migrate', title: 'node-pg-migrate', can: { ...all, preview: 'partial' } },
    async () => (await import('./node-pg-migrate/node-pg-migrate.ts')).nodePgMigrate,
  ),
  lazy(
    { id: 'npm', title: 'npm scripts', can: { ...all, preview: 'none' } },
    async () => (await import('./npm/npm.ts')).npmScripts,
  ),
];

/** The same, for who loads this when it is needed. */
export async function loadAdapters(): Promise<readonly MigrationAdapter[]> {
  return ADAPTERS;
}
