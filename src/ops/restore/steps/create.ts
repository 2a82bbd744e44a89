import type { DatabaseFacts } from '../../../db/queries/database/facts.ts';
import { createBeside, likenessOf, markedPreview } from '../../database/create.ts';
import { dropFresh } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { freshName } from '../../database/names.ts';
import { KEPT, type Step } from '../../engine/plan.ts';
import { RUN } from './state.ts';

/** Makes an empty database like a live one beside it, which is to take its place; dropped where the run fails. */
export function createStep(live: DatabaseFacts, title: string): Step {
  const { name } = live;
  const marker = (run: string) => ({ pgdeck: 'restoring' as const, target: name, run });
  return {
    id: 'create',
    title,
    preview: markedPreview({
      ...{ fresh: freshName(name, RUN), like: likenessOf(live), open: live.open_to_all },
      marker: marker(RUN),
    }),
    run: (io) =>
      inMaintenance(io, (session) =>
        createBeside(io, session, { live: name, fresh: freshName(name, io.run), marker: marker(io.run) }),
      ),
    rollback: (io) =>
      inMaintenance(io, async (session) => {
        const fresh = freshName(name, io.run);
        if (!(await dropFresh(session, fresh, io.run))) return KEPT;
        io.line(`Dropped ${fresh}.`);
        return undefined;
      }),
  };
}
