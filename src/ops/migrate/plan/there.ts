import { CommandError } from '../../../hosts/host.ts';
import type { Check } from '../../engine/plan.ts';
import { databaseArgument } from '../../programs/environment.ts';
import { withToolEnvironment } from '../adapters/shared/environment.ts';
import { findProgram } from '../adapters/shared/programs.ts';
import type { Route, Where } from '../types.ts';

/** To the microsecond, whatever the session's time zone is: no two servers have the same. */
const STARTED = 'SELECT extract(epoch FROM pg_postmaster_start_time())::text AS at';
const TIMEOUT_MS = 30_000;

/**
 * Whether a tool that runs elsewhere reaches this very server from there: asked by a psql there, where there is one.
 * Throws OpError where nobody has said how it is reached.
 */
export async function thereChecks(where: Where, { fates }: Route): Promise<Check[]> {
  const { host, context, session } = where;
  // our own session runs what is in files
  if (host.kind === 'local' || fates !== undefined) return [];
  const title = 'Reached';
  const how = { context, host, session, driver: 'libpq', applicationName: 'pgdeck-plan' } as const;
  const { database } = context.target;
  return withToolEnvironment({ ...how, lockTimeout: 3000, readOnly: true }, async (env): Promise<Check[]> => {
    const address = `${env.PGHOST}, port ${env.PGPORT}`;
    const psql = await findProgram(host, 'psql', host.searchPath(context.env));
    if (psql === undefined)
      return [
        {
          title,
          status: 'warn',
          detail: `The tool connects from ${host.label} to ${address}. Whether that is this server is not looked at before, for there is no psql; the history is, before and after.`,
        },
      ];
    const args = ['-XAtc', STARTED, '-d', databaseArgument(database)];
    const [row] = await session.sql(STARTED);
    try {
      const { exitCode, stdout, stderr } = await host.run(psql, args, { env, timeout: TIMEOUT_MS });
      const said = context.secrets.redact(stderr.trim().split('\n').at(-1) ?? '');
      if (exitCode !== 0)
        return [
          {
            title,
            status: 'block',
            detail: `From ${host.label} the server is not reached at ${address}: ${said}. Put its name and port there into the profile: migrations.runs_on.host and port.`,
          },
        ];
      return stdout.trim() === String(row?.at)
        ? [{ title, status: 'ok', detail: `From ${host.label} it is this server, at ${address}.` }]
        : [
            {
              title,
              status: 'block',
              detail: `From ${host.label} it is another server at ${address} than this one. Put its name and port there into the profile: migrations.runs_on.host and port.`,
            },
          ];
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [{ title, status: 'block', detail: error.message }];
    }
  });
}
