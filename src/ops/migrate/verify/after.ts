import type { Step } from '../../engine/plan.ts';
import { migrateErrors } from '../errors.ts';
import type { MigrateState } from '../plan/guard.ts';
import type { Item, Status } from '../types.ts';
import { migrationMeant } from '../version.ts';
import { constraintSentence, indexName, leftoversOf, newSince } from './leftovers.ts';

/** Whether the history says what was planned, and nothing was left half made. */
export function verifyStep(state: MigrateState): Step {
  return {
    id: 'verify',
    title: 'Compare the history with the plan, and look for what is half done',
    preview: 'pgdeck migrate status; indexes and constraints that are not valid',
    run: async (io) => {
      const { adapter, where, route, lock, before, direction } = state;
      const { session } = await lock.worker();
      const status = await adapter.status({ ...where, session });
      const itemOf = (version: string) => migrationMeant(status.items, version);
      const fits = (version: string) => isThere(itemOf(version), direction);
      const wrong = route.versions.filter((version) => !fits(version));
      const versions = route.open === true ? newly(status, state.status) : route.versions;
      const left = newSince(before ?? { indexes: [], constraints: [] }, await leftoversOf(session));
      io.result({
        title: 'Migrations',
        columns: ['version', 'name', 'state', 'as planned'],
        rows: [
          ...versions.map((version) => {
            const item = itemOf(version);
            return [version, item?.name ?? '', item?.state ?? 'gone', fits(version) ? 'yes' : 'NO'];
          }),
          ...left.indexes.map((index) => [indexName(index), '', 'INVALID index', 'NO']),
          ...left.constraints.map(({ name, owner }) => [name, owner, 'not validated', '-']),
        ],
      });
      // a constraint is often added in one migration and validated in the next
      for (const constraint of left.constraints) io.line(constraintSentence(constraint));
      if (wrong.length > 0 || left.indexes.length > 0)
        throw migrateErrors.notAsPlanned({ wrong, indexes: left.indexes });
      io.line(
        status.problems.some(({ kind }) => kind === 'no_history')
          ? 'There is no history that is known: what was done is known by the exit code only.'
          : `${status.current ?? 'The base'} is current.`,
      );
    },
  };
}

/** Applied now, and not when it was planned. */
function newly({ items }: Status, before: Status): string[] {
  const known = new Set(before.items.filter((item) => isThere(item, 'up')).map(({ version }) => version));
  return items
    .filter((item) => isThere(item, 'up') && !known.has(item.version))
    .map(({ version }) => version);
}

function isThere(item: Item | undefined, direction: 'up' | 'down'): boolean {
  const applied = item !== undefined && ['applied', 'changed'].includes(item.state);
  return direction === 'up' ? applied : !applied && item?.state !== 'dirty';
}
