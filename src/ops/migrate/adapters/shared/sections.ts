import type { Migration } from '../../files/migration.ts';
import type { Direction } from '../../types.ts';
import type { Source } from './tool.ts';

/** A SQL file as a tool has it. `version`: what its history calls it, where that is not the version. */
export const ofSql = (migration: Migration, version = migration.version): Source => ({
  version,
  name: migration.name,
  file: migration.file,
  reversible: migration.down !== undefined,
  migration,
  forgettable: migration.forgettable,
  preview: (direction) => sqlOf(migration, direction),
  waits: (direction) => migration[direction]?.statements.some(({ concurrently }) => concurrently) === true,
});

/** The SQL of a migration, below a line that names its file. */
function sqlOf(migration: Migration, direction: Direction): string {
  const file = direction === 'up' ? migration.file : (migration.downFile ?? migration.file);
  return `-- ${file}\n${migration[direction]?.sql.trim() ?? ''}`;
}
