import type { Session } from '../../../db/session.ts';
import { dropLeftover, dropSql } from '../../database/drop.ts';
import { findLeftovers } from '../../database/leftovers.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import type { Step } from '../../engine/plan.ts';

/** Removes what dead runs have left of the same database, so that it does not pile up. Nothing when there is none. */
export async function sweepSteps(session: Session, target: string): Promise<Step[]> {
  const dead = (await findLeftovers(session)).filter(
    (one) => one.target === target && !one.alive && (one.kind === 'restoring' || one.kind === 'verifying'),
  );
  if (dead.length === 0) return [];
  return [
    {
      id: 'sweep',
      title: 'Remove what earlier restores that were killed have left',
      preview: dead.flatMap((one) => dropSql(one).map((sql) => `${sql};`)).join('\n'),
      run: (io) =>
        inMaintenance(io, async (admin) => {
          for (const one of dead) {
            await dropLeftover(admin, one);
            io.line(`Dropped ${one.database}: ${one.meaning}`);
          }
        }),
    },
  ];
}
