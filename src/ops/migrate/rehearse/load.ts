import { quoteRelation } from '../../../db/ident.ts';
import { backupBlockers } from '../../../db/queries/backup/activity.ts';
import type { Session } from '../../../db/session.ts';
import type { PipeCommand } from '../../../hosts/host.ts';
import { GuardStream } from '../../archive/sql/guard-stream.ts';
import { dumpFailure } from '../../backup/dump/failure.ts';
import { blockerText } from '../../backup/dump/progress.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { OpError } from '../../error.ts';
import { databaseArgument, withClientEnvironment } from '../../programs/environment.ts';
import { pipeline } from '../../programs/pipeline.ts';
import { type Clients, findClients } from '../../programs/programs.ts';
import { restricts } from '../../programs/restricted.ts';
import { rehearseErrors } from './errors.ts';
import type { TableName } from './result.ts';

/** Loads what the live database is made of into an empty one, as far as this role may create it. */
export type Load = (io: StepIo, database: string) => Promise<void>;

/**
 * How the live schema is loaded: with pg_dump and psql. Or why it cannot be: they are not there.
 * `history`: tables whose rows are taken over.
 */
export async function loader(
  context: OpContext,
  session: Session,
  history: readonly TableName[],
): Promise<Load | string> {
  const { server } = session;
  const { clients, check } = await findClients(context, server, ['pg_dump', 'psql']);
  if (clients === undefined) return check.detail;
  const known = await existing(session, history);
  return (io, database) =>
    withClientEnvironment(context, io.applicationName, async (env) => {
      const dumps = [schemaOptions(server.rights.superuser)];
      if (known.length > 0) dumps.push(['--data-only', ...known.flatMap((table) => ['-t', table])]);
      for (const options of dumps)
        try {
          await pipeline(
            clients.host,
            io,
            commands(clients, server.major, options, context.target.database, database),
            {
              env,
              quiet: true,
              // names in the live database are others' text
              through: new GuardStream({ restricts: await restricts(clients) }),
            },
          );
        } catch (error) {
          throw await lockFailure(io, error);
        }
    });
}

/** Where pg_dump has waited for a table in vain: who has it. Anything else as it is. */
async function lockFailure(io: StepIo, error: unknown): Promise<unknown> {
  if (
    !(error instanceof OpError) ||
    !/canceling statement due to (?:lock|statement) timeout/.test(error.message)
  )
    return error;
  const { message, next } = dumpFailure('pg_dump', 1, error.message, 'the server');
  const session = await io.connect();
  const blockers = await session.run(backupBlockers, undefined);
  const holders = blockers.map(blockerText);
  return rehearseErrors.tableLocked({ waited: LOCK_WAIT, holders, why: message, next }, error);
}

/** The program's pattern of each table that is there. */
async function existing(session: Session, tables: readonly TableName[]): Promise<string[]> {
  const patterns: string[] = [];
  for (const table of tables) {
    const [row] = await session.sql(
      'SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
      [table.schema, table.name],
    );
    if (row !== undefined) patterns.push(quoteRelation(table));
  }
  return patterns;
}

/** A subscription would draw changes from another server; owners and grants are for those who may give them. */
function schemaOptions(superuser: boolean): string[] {
  return [
    ...['--schema-only', '--no-subscriptions', '--no-security-labels', '--no-tablespaces'],
    ...(superuser ? [] : ['--no-owner', '--no-privileges', '--no-publications']),
  ];
}

/** How long pg_dump waits for a table that is locked. */
const LOCK_WAIT = '10s';

function commands(
  clients: Clients,
  major: number,
  options: readonly string[],
  from: string,
  to: string,
): PipeCommand[] {
  const dump: PipeCommand = {
    command: clients.path('pg_dump'),
    args: ['-w', '-Fp', `--lock-wait-timeout=${LOCK_WAIT}`, ...options, '-d', databaseArgument(from)],
  };
  const load: PipeCommand = {
    command: clients.path('psql'),
    // an extension that this role may not create stops nothing: what is missing afterwards is told
    args: ['-X', '-q', '-w', '-o', '/dev/null', '-d', databaseArgument(to), '-f', '-'],
  };
  // a newer pg_dump sets what an older server does not know, in the first lines
  const strip: PipeCommand = {
    command: 'sed',
    args: ['-e', '1,60{', '-e', '/^SET transaction_timeout = 0;$/d', '-e', '}'],
  };
  return clients.major >= 17 && major < 17 ? [dump, strip, load] : [dump, load];
}
