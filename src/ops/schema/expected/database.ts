import { resolve } from '../../../config/profile.ts';
import { NO_SETTINGS } from '../../../config/settings.ts';
import { UsageError } from '../../../config/usage-error.ts';
import { connect } from '../../../db/client.ts';
import { DbError, place as placeOf } from '../../../db/errors.ts';
import type { Session } from '../../../db/session.ts';
import { systemIdentifier } from '../../database/identity.ts';
import type { OpContext } from '../../engine/operation.ts';
import { sentenceOf } from '../../error.ts';
import { expectedErrors } from './errors.ts';

/** A session in another database; whoever opened it closes it. */
export interface Elsewhere {
  readonly session: Session;
  /** `user@host:port/database`. */
  readonly place: string;
  close(): Promise<void>;
}

/**
 * Opens a session that reads only, in another database of the server or at a URL, whose password comes from where libpq
 * takes it. Throws OpError where it is the database itself, or does not answer; UsageError.
 */
export async function elsewhere(
  where:
    | { readonly kind: 'database'; readonly name: string }
    | { readonly kind: 'url'; readonly url: string },
  context: OpContext,
): Promise<Elsewhere> {
  const { session, place } =
    where.kind === 'database' ? await beside(where.name, context) : await at(where.url, context);
  const close = () => (where.kind === 'url' ? session.close() : Promise.resolve());
  try {
    if (await isSame(await context.session(), session)) throw expectedErrors.itself({ place });
    return { session, place, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function beside(name: string, context: OpContext): Promise<Omit<Elsewhere, 'close'>> {
  const place = placeOf({ ...context.target, database: name });
  return { place, session: await reached(place, () => context.session(name)) };
}

async function at(url: string, context: OpContext): Promise<Omit<Elsewhere, 'close'>> {
  let target: ReturnType<typeof resolve>['target'];
  try {
    ({ target } = resolve({ url, readOnly: true }, context.env, NO_SETTINGS));
  } catch (error) {
    // the text is not repeated: what is not a URL may hold a password
    throw error instanceof UsageError ? expectedErrors.badUrl({ why: error.message }, error) : error;
  }
  const place = placeOf(target);
  const password = async () => {
    const found = await target.password();
    return found === undefined ? found : context.secrets.add(found);
  };
  return {
    place,
    session: await reached(place, () => connect({ ...target, password }, 'slow', 'pgdeck-plan')),
  };
}

async function reached(place: string, open: () => Promise<Session>): Promise<Session> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof DbError) throw expectedErrors.unreachable({ place, why: sentenceOf(error) }, error);
    throw error;
  }
}

/** By what names a server and a database in it: a URL may reach it by another address. */
async function isSame(one: Session, other: Session): Promise<boolean> {
  const oid = async (session: Session) =>
    (await session.sql('SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database()'))[0]
      ?.oid;
  const [here, there] = await Promise.all([systemIdentifier(one), systemIdentifier(other)]);
  const known = here !== undefined && there !== undefined;
  if (known && here !== there) return false;
  if (one.server.database !== other.server.database) return false;
  // two servers that do not say who they are: a copy has the same numbers, and is another one
  return known && (await oid(one)) === (await oid(other));
}
