import type { Session } from '../../db/session.ts';
import type { Host } from '../../hosts/host.ts';
import { cleanLine } from '../../text/clean.ts';
import { systemIdentifier } from '../database/identity.ts';
import { type ClientEnvironment, databaseArgument } from './environment.ts';

const ASKED_MS = 30_000;

/** When it was started, to the microsecond: no two servers have the same. */
const STARTED = `SELECT to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS started`;
/** What tells it from others whenever they were started, where this role may see that. */
const SYSTEM = 'SELECT system_identifier::text FROM pg_control_system()';

/** Whom a psql somewhere else has met: the server of our session, another one, or nobody, and why. */
export type Meeting = { readonly met: 'same' | 'other' } | { readonly why: string };

interface Asking {
  readonly host: Host;
  readonly psql: string;
  readonly env: ClientEnvironment;
  readonly redact: (text: string) => string;
}

/** Asks with a psql of another host which server it meets. Throws DbError of our own session, CommandError. */
export async function meeting(
  session: Session,
  database: string,
  { host, psql, env, redact }: Asking,
): Promise<Meeting> {
  // what the second is refused comes behind the answer to the first
  const { stdout, stderr } = await host.run(
    psql,
    ['-X', '-A', '-t', '-q', '-w', '-d', databaseArgument(database), '-c', STARTED, '-c', SYSTEM],
    { env, timeout: ASKED_MS },
  );
  const [started = '', system = ''] = stdout.trim().split('\n');
  if (started === '') return { why: redact(reasonIn(stderr)) };
  const [row] = await session.sql(STARTED);
  const own = await systemIdentifier(session);
  const same = started === String(row?.started) && (system === '' || own === undefined || system === own);
  return { met: same ? 'same' : 'other' };
}

/** The first thing that psql says, as a sentence. */
function reasonIn(stderr: string): string {
  const said = stderr.split('\n').find((line) => line.trim() !== '') ?? 'it gave no reason';
  return `${cleanLine(said.replace(/^psql: (error: )?/, '').trim()).replace(/\.$/, '')}.`;
}
