import type { OpContext } from '../../engine/operation.ts';
import { sentenceOf } from '../../error.ts';
import { takeSchemaSnapshot } from '../snapshot.ts';
import { expectedErrors } from './errors.ts';
import type { Expected, Opening } from './expected.ts';
import { quietly } from './quiet.ts';

/**
 * What the migrations of a directory come to, all of them, in an empty shadow database; the history of the database is
 * not asked. Throws OpError where they are programs, reach beyond their database, or fail.
 */
export async function replayed(
  context: OpContext,
  dir: string | undefined,
  opening: Opening,
): Promise<Pick<Expected, 'snapshot' | 'described'>> {
  const what = 'Migrations are replayed in a database that is made for it';
  if (context.readOnly) throw expectedErrors.readOnly({ what });
  if ((await context.session()).server.standby) throw expectedErrors.standby({ what });
  const [{ choose }, { readAll }, { rehearsalOf }, { withShadow }, { transaction }] = await Promise.all([
    import('../../migrate/choose.ts'),
    import('../../migrate/history/status.ts'),
    import('../../migrate/run/rehearsed.ts'),
    import('../../migrate/rehearse/shadow.ts'),
    import('../../migrate/run/apply.ts'),
  ]);
  const { adapter, where } = await choose(context, { dir, tool: opening.tool });
  if (!adapter.files) throw expectedErrors.toolOnly({ tool: adapter.title });
  const all = await readAll(where);
  const [bad] = all.files.problems;
  if (bad !== undefined) throw expectedErrors.badMigrations({ why: bad.message });
  const broken = all.files.migrations.find(({ up }) => up.error !== undefined)?.up.error;
  if (broken !== undefined) throw expectedErrors.badMigrations({ why: broken });
  const rehearsal = rehearsalOf(
    all,
    all.files.migrations.map((migration) => ({ migration, direction: 'up' })),
  );
  if (rehearsal === undefined) throw expectedErrors.reachesOut({ directory: where.directory });
  const { pending } = rehearsal;
  return quietly(context, opening, (io) =>
    withShadow(io, context, async ({ database }) => {
      for (const { version, up } of pending) {
        io.signal.throwIfAborted();
        const session = await io.connect(database, 'migration');
        try {
          await (up.transactional ? transaction(session, () => up.run(session)) : up.run(session));
        } catch (error) {
          io.signal.throwIfAborted();
          throw expectedErrors.noReplay({ version, why: sentenceOf(error) }, error);
        } finally {
          // what it has set or left open is not the next one's
          await session.close();
        }
      }
      io.crashPoint('expected:loaded');
      const snapshot = await takeSchemaSnapshot(await io.connect(database), opening);
      return {
        snapshot,
        described: `the ${pending.length} migrations in ${where.directory}, replayed on PostgreSQL ${(await context.session()).server.version}`,
      };
    }),
  );
}
