import type { Creation, MigrationDirectory, NewMigration } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { pythonWords } from '../shared/failure.ts';
import { type AlembicProject, callOf, findProject, TITLES, workingCommand } from './tool.ts';

/** `alembic revision`, `flask db revision`: its message is what a person wrote. */
export async function createRevision(
  place: MigrationDirectory,
  { name, autogenerate }: NewMigration,
  kind: AlembicProject['kind'],
): Promise<Creation> {
  const { host, directory } = place;
  const project = await findProject(host, directory);
  if (project?.kind !== kind) throw adapterErrors.noProject({ tool: TITLES[kind], directory });
  const command = await workingCommand(place, project);
  return {
    tool: TITLES[kind],
    driver: 'libpq',
    command: callOf(command, project, [
      'revision',
      ...(autogenerate ? ['--autogenerate'] : []),
      `--message=${name.trim()}`,
    ]),
    cwd: project.root,
    inDatabaseUrl: kind === 'flask-migrate' ? ['SQLALCHEMY_DATABASE_URI'] : [],
    generated: autogenerate,
    words: pythonWords,
  };
}
