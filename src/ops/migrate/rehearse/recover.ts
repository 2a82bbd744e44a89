import type { Session } from '../../../db/session.ts';
import type { Step } from '../../operation.ts';
import { inMaintenance } from '../../restore/steps/maintenance.ts';
import { dropLeftover, dropSql } from '../../restore/swap/drop.ts';
import { findLeftovers } from '../../restore/swap/leftovers.ts';
import { shadowName } from '../../restore/swap/names.ts';

/** Steps that drop the shadow database that a killed run has left; none when it left none. Throws DbError. */
export async function dropShadowSteps(session: Session, run: string): Promise<Step[]> {
  const left = (await findLeftovers(session)).filter(
    ({ database, alive }) => database === shadowName(run) && !alive,
  );
  return left.map((leftover) => ({
    id: 'drop-shadow',
    title: `Drop ${leftover.database}`,
    preview: dropSql(leftover).join(';\n'),
    effect: 'nobody is in it',
    run: (io) => inMaintenance(io, (admin) => dropLeftover(admin, leftover)),
  }));
}
