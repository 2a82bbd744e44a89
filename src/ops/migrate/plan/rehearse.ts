import type { OpContext } from '../../engine/operation.ts';
import type { Check, Step } from '../../engine/plan.ts';
import { migrateErrors } from '../errors.ts';
import type { RehearsalOutcome } from '../rehearse/result.ts';
import type { MigrationAdapter, Route } from '../types.ts';

/** Why these cannot be rehearsed; undefined when they can. */
export function rehearsalCheck({ rehearsal }: Route, { id, files }: MigrationAdapter): Check | undefined {
  if (rehearsal !== undefined) return undefined;
  return {
    title: 'Rehearsal',
    status: 'block',
    detail: files
      ? 'A statement is about roles, tablespaces, databases, subscriptions or files of the server, and would reach the server from the shadow database, too. Leave --rehearse out.'
      : `Migrations of ${id} cannot be rehearsed. Leave --rehearse out.`,
  };
}

/** Nothing is wrong with these themselves. */
const FINE: ReadonlySet<RehearsalOutcome> = new Set(['reversible', 'no_down', 'not_tried']);

/** Tries the migrations in a shadow database; what fails there, or forgets something, stops the run. */
export function rehearseStep(context: OpContext, { rehearsal, versions }: Route): Step {
  return {
    id: 'rehearse',
    title: `Rehearse ${versions.length === 1 ? 'it' : `the ${versions.length} migrations`} in a shadow database`,
    preview: 'CREATE DATABASE …; up, compare, down, compare, up; DROP DATABASE …;',
    effect: 'the database itself is not touched',
    run: async (io) => {
      if (rehearsal === undefined) return;
      const [{ rehearse }, { rehearsalTable }] = await Promise.all([
        import('../rehearse/rehearse.ts'),
        import('../rehearse/sentences.ts'),
      ]);
      const result = await rehearse(io, context, {
        ...rehearsal,
        connect: (database) => io.connect(database, 'migration'),
      });
      io.result(rehearsalTable(result));
      if (result.ok) return;
      const found = result.migrations.filter(({ outcome }) => !FINE.has(outcome));
      throw migrateErrors.rehearsalFailed({
        database: context.target.database,
        found: found.map(({ version, message }) => ({ version, message })),
      });
    },
  };
}
