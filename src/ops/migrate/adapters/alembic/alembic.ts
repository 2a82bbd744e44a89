import { join } from 'node:path';
import type { Adapting } from '../shared/adapting.ts';
import { isWithin } from '../shared/programs.ts';
import { createRevision } from './create.ts';
import { routeOf } from './route.ts';
import { readStatus } from './status.ts';
import { type AlembicProject, findProject } from './tool.ts';

/** Alembic, or Flask-Migrate, which is Alembic inside an application. */
function adapting(kind: AlembicProject['kind']): Adapting {
  return {
    detect: async ({ context: { host }, directory }) => {
      const project = await findProject(host, directory);
      return project?.kind === kind ? project.reason : undefined;
    },
    owns: async ({ context: { host }, directory }) => {
      const project = await findProject(host, directory);
      if (project === undefined) return false;
      return project.root === directory || isWithin(directory, join(project.root, project.scripts));
    },
    create: (place, asked) => createRevision(place, asked, kind),
    status: async (where) => (await readStatus(where, kind)).status,
    route: async (where, direction, to) => routeOf(where, await readStatus(where, kind), direction, to),
  };
}

export const alembic = adapting('alembic');
export const flaskMigrate = adapting('flask-migrate');
