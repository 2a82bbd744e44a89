import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { createMarked, databaseOf, likenessOf } from '../../database/create.ts';
import { dropFresh } from '../../database/drop.ts';
import { maintenanceSession } from '../../database/maintenance.ts';
import { shadowName } from '../../database/names.ts';
import { databaseProperties } from '../../database/properties.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { rehearseErrors } from './errors.ts';

/** An empty database beside the live one, with its encoding, locale and settings. */
export interface Shadow {
  readonly database: string;
  /** Drops it and makes it anew. */
  renew(): Promise<void>;
}

/**
 * Makes a shadow database and drops it when the work is over, however it ends. It is made and dropped over a session
 * that is not ended with the run's others when that is cancelled, and by which others tell that the run is at work.
 * Throws {@link OpError}, DbError.
 */
export async function withShadow<T>(
  io: StepIo,
  context: OpContext,
  work: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const { database: target } = context.target;
  const database = shadowName(io.run);
  const admin = await maintenanceSession(context, `pgdeck-lock:${io.run}`);
  const create = async () => {
    const facts = await databaseOf(admin, target);
    if (!facts.may_create) throw rehearseErrors.mayNotCreate({ user: admin.server.user });
    const { owner, tablespace, ...like } = likenessOf(facts);
    await createMarked(io, admin, {
      fresh: database,
      like: facts.owned ? { ...like, ...(owner !== undefined && { owner }) } : like,
      marker: { pgdeck: 'rehearsing', target, run: io.run },
      open: false,
    });
    await takeSettings(io, admin, target, database);
    // nothing in it has to outlive a crash
    await admin.sql(`ALTER DATABASE ${quoteIdent(database)} SET synchronous_commit = off`);
  };
  try {
    await create();
    const result = await work({
      database,
      renew: async () => {
        await dropFresh(admin, database, io.run);
        await create();
      },
    });
    await remove(context, admin, io.run);
    return result;
  } catch (error) {
    // why it failed is what matters; what is left of it is found by its marker
    await remove(context, admin, io.run).catch((left: unknown) => io.line(sentenceOf(left), 'stderr'));
    throw error;
  } finally {
    await admin.close();
  }
}

async function remove(context: OpContext, admin: Session, run: string): Promise<void> {
  const session = admin.lost ? await maintenanceSession(context, `pgdeck-lock:${run}`) : admin;
  try {
    await dropFresh(session, shadowName(run), run);
  } catch (error) {
    throw rehearseErrors.left({ database: shadowName(run), why: sentenceOf(error) }, error);
  } finally {
    if (session !== admin) await session.close();
  }
}

/** Migrations may count on a search_path that is the database's. Those that this role may not set are told. */
async function takeSettings(io: StepIo, admin: Session, target: string, database: string): Promise<void> {
  const name = quoteIdent(database);
  const settings = (await databaseProperties(admin, target, database)).filter(
    (sql) => sql.startsWith(`ALTER DATABASE ${name} SET `) || sql.includes(` IN DATABASE ${name} SET `),
  );
  for (const sql of settings)
    await admin.sql(sql).catch((error: unknown) => io.line(`Left out: ${sql}: ${sentenceOf(error)}`));
}
