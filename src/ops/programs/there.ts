import { place } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { systemIdentifier } from '../database/identity.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { databaseArgument, withClientEnvironment } from './environment.ts';
import type { Clients } from './programs.ts';

const TITLE = 'Server seen from there';
const ASKED_MS = 30_000;

/** When it was started, and what tells it from others, where this role may see that. */
const IDENTITY = `SELECT to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS started`;
const SYSTEM = 'SELECT system_identifier::text FROM pg_control_system()';

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
  const asked = await ask(context, session, clients);
  if ('why' in asked)
    return block(
      `psql of ${where} does not reach the server: ${asked.why} Say with runs_on.host and runs_on.port how it is reached there.`,
    );
  const [row] = await session.sql(IDENTITY);
  const started = String(row?.started);
  const system = await systemIdentifier(session);
  const same = asked.started === started && (asked.system === undefined || asked.system === system);
  if (!same)
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

type Asked = { readonly started: string; readonly system: string | undefined } | { readonly why: string };

async function ask(context: OpContext, { server }: Session, clients: Clients): Promise<Asked> {
  const args = (sql: string) => [
    ...['-X', '-A', '-t', '-q', '-w'],
    ...['-d', databaseArgument(server.database), '-c', sql],
  ];
  try {
    return await withClientEnvironment(context, 'pgdeck-plan', async (env): Promise<Asked> => {
      const run = (sql: string) =>
        clients.host.run(clients.path('psql'), args(sql), { env, timeout: ASKED_MS });
      const first = await run(IDENTITY);
      if (first.exitCode !== 0) return { why: context.secrets.redact(reasonIn(first.stderr)) };
      const second = await run(SYSTEM);
      const system = second.exitCode === 0 ? second.stdout.trim() : undefined;
      return { started: first.stdout.trim(), system };
    });
  } catch (error) {
    return { why: (error as Error).message };
  }
}

function reasonIn(stderr: string): string {
  const last = stderr
    .trim()
    .split('\n')
    .find((line) => line.trim() !== '');
  return `${(last ?? 'it gave no reason').replace(/^psql: (error: )?/, '').replace(/\.$/, '')}.`;
}
