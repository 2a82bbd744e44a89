import type { Migration } from '../../files/migration.ts';
import type { Direction } from '../../types.ts';

/** The SQL of migrations, each below a line that names its file, in the order it is run. */
export function sqlOf(migrations: readonly Migration[], direction: Direction): string {
  const ordered = direction === 'up' ? migrations : migrations.toReversed();
  return ordered
    .map((migration) => {
      const file = direction === 'up' ? migration.file : (migration.downFile ?? migration.file);
      return `-- ${file}\n${migration[direction]?.sql.trim() ?? ''}`;
    })
    .join('\n\n');
}

/** One of them has a statement that waits by design; see {@link file://./timeout.ts}. */
export function concurrent(migrations: readonly Migration[], direction: Direction): boolean {
  return migrations.some((migration) =>
    migration[direction]?.statements.some((statement) => statement.concurrently),
  );
}
