import { quoteRelation } from '../../../db/ident.ts';
import type { Server } from '../../../db/server.ts';
import { CommandError } from '../../../hosts/host.ts';
import { cleanLine } from '../../../text/clean.ts';
import type { OpContext } from '../../engine/operation.ts';
import { databaseArgument, withClientEnvironment, withoutTimeouts } from '../../programs/environment.ts';
import type { Clients } from '../../programs/programs.ts';
import type { Part } from '../scope.ts';
import type { Dump } from './examine.ts';

/** What pg_dump says, in the language C, of what is no damage. */
const NO_DAMAGE =
  /permission denied|row-level security|lock timeout|could not obtain lock|no matching tables|conflict with recovery|connection to server|server closed the connection|the database system is|server version/;

const OUTPUT = 16 * 1024;

/** The words of pg_dump for one table, its rows to nowhere. */
export function dumpArgs(part: Part, database: string, lockTimeout: number): string[] {
  return [
    '-w',
    `--table=${quoteRelation(part)}`,
    '--strict-names',
    `--lock-wait-timeout=${Math.ceil(lockTimeout)}s`,
    '-f',
    '/dev/null',
    '-d',
    databaseArgument(database),
  ];
}

/** Has pg_dump read a table to nowhere: its own exit code and what it says on stderr are the answer. */
export function dumpWith(
  clients: Clients | undefined,
  context: OpContext,
  { server, lockTimeout }: { readonly server: Server; readonly lockTimeout: number },
): Dump {
  return async (io, part, seconds) => {
    if (clients === undefined) return { verdict: 'not checked', text: 'there is no pg_dump' };
    const args = dumpArgs(part, server.database, lockTimeout);
    try {
      const { exitCode, stderr } = await withClientEnvironment(context, io.applicationName, (env) =>
        io.host.run(clients.path('pg_dump'), args, {
          env: { ...env, ...withoutTimeouts(server) },
          signal: io.signal,
          maxOutput: OUTPUT,
          ...(seconds > 0 && { timeout: seconds * 1000 }),
        }),
      );
      const said = errorOf(context.secrets.redact(stderr));
      if (exitCode === 0) {
        if (said !== '') io.line(said, 'stderr');
        return { verdict: 'ok', text: '' };
      }
      const text = `pg_dump ended with ${exitCode}${said === '' ? '' : `: ${said}`}`;
      return { verdict: NO_DAMAGE.test(said) ? 'not checked' : 'damaged', text };
    } catch (error) {
      if (error instanceof CommandError && error.kind === 'timeout')
        return { verdict: 'not checked', text: 'the time limit was over' };
      throw error;
    }
  };
}

/** The line that says why, of several. */
function errorOf(stderr: string): string {
  const lines = stderr.split('\n').map(cleanLine).filter(Boolean);
  const line = lines.find((one) => /(?:ERROR|FATAL|PANIC): /.test(one)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(?:ERROR|FATAL|PANIC):\s+/, '').replace(/\.$/, '');
}
