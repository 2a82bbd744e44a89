import { CommandError } from '../../../hosts/host.ts';
import type { Check } from '../../engine/plan.ts';
import { meeting } from '../../programs/meeting.ts';
import { withToolEnvironment } from '../adapters/shared/environment.ts';
import { findProgram } from '../adapters/shared/programs.ts';
import type { Route, Where } from '../types.ts';

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
    const redact = (text: string) => context.secrets.redact(text);
    const told = (status: Check['status'], detail: string): Check[] => [{ title, status, detail }];
    const put = 'Put its name and port there into the profile: migrations.runs_on.host and port.';
    try {
      const found = await meeting(session, database, { host, psql, env, redact });
      if ('why' in found)
        return told(
          'block',
          `From ${host.label} the server is not reached at ${address}: ${found.why} ${put}`,
        );
      return found.met === 'same'
        ? told('ok', `From ${host.label} it is this server, at ${address}.`)
        : told('block', `From ${host.label} it is another server at ${address} than this one. ${put}`);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [{ title, status: 'block', detail: error.message }];
    }
  });
}
