import { join } from 'node:path';
import type { MigrationAdapter } from '../../types.ts';
import { isWithin } from '../shared/programs.ts';
import { createRevision } from './create.ts';
import { routeOf } from './route.ts';
import { readStatus } from './status.ts';
import { type AlembicProject, findProject, TITLES } from './tool.ts';

/** Alembic, by itself or inside an application. Its revisions are a graph, and what it prints is asked for: a flow of its own. */
export const alembicOf = (kind: AlembicProject['kind']): MigrationAdapter => ({
  id: kind,
  title: TITLES[kind],
  can: { down: true, to: true, steps: true, create: true, preview: 'full' },
  detect: async ({ host, directory }) => {
    const project = await findProject(host, directory);
    return project?.kind === kind ? project.reason : undefined;
  },
  owns: async ({ host, directory }) => {
    const project = await findProject(host, directory);
    if (project === undefined) return false;
    return project.root === directory || isWithin(directory, join(project.root, project.scripts));
  },
  create: (place, asked) => createRevision(place, asked, kind),
  status: async (where) => (await readStatus(where, kind)).status,
  route: async (where, direction, to) => routeOf(where, await readStatus(where, kind), direction, to),
});
