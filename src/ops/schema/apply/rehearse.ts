import type { Step } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { fixErrors } from './errors.ts';
import { SETTINGS, type Shared, type Work } from './shared.ts';

/** Adds it all in a shadow database with the same structure and no rows; what fails there stops the run. */
export function rehearseStep(shared: Shared, works: readonly Work[]): Step {
  const { context, circle } = shared;
  return {
    id: 'rehearse',
    title: 'Rehearse it in a shadow database',
    preview: 'CREATE DATABASE …; its structure; all of the statements; DROP DATABASE …;',
    effect: 'the database itself is not touched',
    run: async (io) => {
      const [{ withShadow }, { loader }, { rehearseErrors }] = await Promise.all([
        import('../../migrate/rehearse/shadow.ts'),
        import('../../migrate/rehearse/load.ts'),
        import('../../migrate/rehearse/errors.ts'),
      ]);
      const load = await loader(context, await context.session(), []);
      if (typeof load === 'string')
        throw rehearseErrors.noDump({ database: context.target.database, why: load });
      await withShadow(io, context, async ({ database }) => {
        await load(io, database);
        io.crashPoint('rehearse:loaded');
        const session = await io.connect(database);
        const failures: string[] = [];
        const attempt = async ({ addition: { statements, alone } }: Work): Promise<unknown> => {
          await session.sql(SETTINGS);
          if (!alone) await session.sql('BEGIN');
          try {
            for (const { sql } of statements) await session.single(sql);
            if (!alone) await session.sql('COMMIT');
            return undefined;
          } catch (error) {
            io.signal.throwIfAborted();
            if (!alone) await session.sql('ROLLBACK');
            return error;
          }
        };
        const again: Work[] = [];
        for (const [done, work] of works.entries()) {
          io.signal.throwIfAborted();
          io.progress({ label: 'rehearsed', done, of: works.length, unit: 'items' });
          const error = await attempt(work);
          if (error === undefined) continue;
          if (circle) again.push(work);
          else failures.push(`${work.title}: ${sentenceOf(error)}`);
        }
        for (const work of again) {
          const error = await attempt(work);
          if (error !== undefined) failures.push(`${work.title}: ${sentenceOf(error)}`);
        }
        await session.close();
        if (failures.length > 0) throw fixErrors.rehearsed({ failures });
        io.line(`${works.length} ${works.length === 1 ? 'addition was' : 'additions were'} made there.`);
      });
    },
  };
}
