import { lint, type Tables } from '../sql/lint/lint.ts';
import type { Hazard, Status } from '../types.ts';
import type { DirectedMigration } from './apply.ts';

/** What these moves do that can hurt: by their statements, and by their order. All go in one direction. */
export function hazardsOf(status: Status, moves: readonly DirectedMigration[], tables: Tables): Hazard[] {
  const [first] = moves;
  if (first === undefined) return [];
  const { direction } = first;
  const late = direction === 'down' ? [] : moves.filter(({ migration }) => isLate(status, migration.version));
  return [
    ...late.map(({ migration }) => ({
      name: 'out_of_order',
      version: migration.version,
      message: `${migration.file} is applied after later ones; see that it still fits.`,
      destructive: false,
    })),
    ...lint(
      moves.map(({ migration }) => migration),
      direction,
      tables,
    ),
  ];
}

function isLate({ items }: Status, version: string): boolean {
  return items.find((item) => item.version === version)?.state === 'out_of_order';
}
