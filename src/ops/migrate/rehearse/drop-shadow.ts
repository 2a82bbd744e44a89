import type { Session } from '../../../db/session.ts';
import { dropLeftover, dropSql } from '../../database/drop.ts';
import { findLeftovers } from '../../database/leftovers.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { shadowName } from '../../database/names.ts';
import type { Step } from '../../engine/plan.ts';

/** Steps that drop the shadow database that a killed run has left; none when it left none. Throws DbError. */
export async function dropShadowSteps(session: Session, run: string): Promise<Step[]> {
  const left = (await findLeftovers(session)).filter(
    ({ database, alive }) => database === shadowName(run) && !alive,
  );
  return left.map((leftover) => ({
    id: 'drop-shadow',
    title: `Drop ${leftover.database}`,
    preview: dropSql(leftover).join(';\n'),
    effect: 'no session is connected to it',
    run: (io) => inMaintenance(io, (admin) => dropLeftover(admin, leftover)),
  }));
}
