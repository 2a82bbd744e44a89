import { place } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { CommandError } from '../../hosts/host.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { OpError } from '../error.ts';
import { withClientEnvironment } from './environment.ts';
import { type Meeting, meeting } from './meeting.ts';
import type { Clients } from './programs.ts';

const TITLE = 'Server seen from there';
/**
 * Whether the programs of another host reach the very server that this program is connected to: they would dump or load
 * another one otherwise. Nothing where they are on this machine. Throws DbError.
 */
export async function thereChecks(context: OpContext, session: Session, clients: Clients): Promise<Check[]> {
  const { host, there } = context;
  if (host.kind === 'local') return [];
  const where = `${host.label} (${place({ ...there, database: session.server.database })})`;
  const block = (detail: string): Check[] => [{ title: TITLE, status: 'block', detail }];
  const file = filesNeeded(context);
  if (file !== undefined)
    return block(
      `The connection from ${host.label} to ${there.host} needs ${file} of this machine, which is not there. ` +
        'Name an address within it with runs_on.host.',
    );
  const found = await metBy(context, session, clients);
  if ('why' in found)
    return block(
      `psql of ${where} does not reach the server: ${found.why} Say with runs_on.host and runs_on.port how it is reached there.`,
    );
  if (found.met === 'other')
    return block(
      `psql of ${where} reaches another server than ${context.place} does: nothing is done with it. ` +
        'Say with runs_on.host and runs_on.port how the same one is reached there.',
    );
  return [{ title: TITLE, status: 'ok', detail: `${where} is the server that is connected to.` }];
}

/** What the connection from there needs of this machine's files; undefined where nothing. */
function filesNeeded({ there: { tlsFiles } }: OpContext): string | undefined {
  return tlsFiles?.certificate ?? tlsFiles?.key ?? (tlsFiles?.root === 'system' ? undefined : tlsFiles?.root);
}

/** Whom psql there meets, as the programs that follow will. Throws DbError. */
async function metBy(context: OpContext, session: Session, { host, path }: Clients): Promise<Meeting> {
  const redact = (text: string) => context.secrets.redact(text);
  try {
    return await withClientEnvironment(context, 'pgdeck-plan', (env) =>
      meeting(session, session.server.database, { host, psql: path('psql'), env, redact }),
    );
  } catch (error) {
    if (error instanceof CommandError || error instanceof OpError) return { why: error.message };
    throw error;
  }
}
