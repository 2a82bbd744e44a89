import type { Setting } from '../../db/settings/list.ts';
import { moment, plural } from '../../text/units.ts';
import { systemIdentifier } from '../database/identity.ts';
import { addressOf } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { hooksOf } from '../restore/input.ts';
import { afterStep, beforeStep } from '../restore/steps/hooks.ts';
import { type Place, placeOf } from '../settings/here.ts';
import { readSettings, withPlain } from '../settings/look.ts';
import type { RestartInput } from './input.ts';
import { logFile } from './log.ts';
import { lookAtServer, serverChecks, sessionTable, waitingTable } from './look.ts';
import { checkpointStep, newRestart, type Restart, restartStep, verifyStep, waitStep } from './steps.ts';
import { findWay } from './way/find.ts';
import { wayText } from './way/way.ts';

/** Plans a restart of the server. Throws DbError, OpError. */
export async function planRestart(input: RestartInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const [{ settings, place, log }, seen, identifier] = await Promise.all([
    withPlain(context, async (plain) => {
      const at: Place = await placeOf(context.host, plain, context.target);
      const { settings: listed } = await readSettings(plain);
      return { settings: listed, place: at, log: await logFile(context, plain, at) };
    }),
    lookAtServer(session),
    systemIdentifier(session),
  ]);
  const { way, checks } = await findWay(context, session, place, { stopSeconds: input.stop_timeout, log });
  const hooks = hooksOf(input, context);
  const accepted = input.interrupt.includes('work');
  const waiting = settings.filter(({ pending_restart }) => pending_restart).map(({ name }) => name);
  const restart = newRestart({
    ...{ context, input, seen, waiting, identifier, accepted },
    startedAt: server.startedAt,
  });
  const subject = context.profile ?? addressOf(context.place) ?? context.place;
  const sessions = seen.groups.reduce((sum, one) => sum + one.sessions, 0);
  return {
    operation: 'server restart',
    title: `Restart the server ${subject}`,
    subject,
    danger: context.environment === 'production' ? 'type-name' : 'confirm',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      {
        label: 'Server',
        value: `${context.place}, PostgreSQL ${server.version}${server.standby ? ', standby' : ''}`,
      },
      { label: 'Runs since', value: moment(new Date(server.startedAt)) },
      { label: 'Connected', value: sessions === 0 ? 'nobody' : plural(sessions, 'session') },
      { label: 'Waits for it', value: waitingText(settings) },
      ...(way === undefined ? [] : [{ label: 'Command', value: wayText(way, context) }]),
    ],
    tables: [...(seen.groups.length > 0 ? [sessionTable(seen.groups)] : []), ...waitingTable(settings)],
    checks: [...checks, ...serverChecks(seen, settings, accepted)],
    steps:
      way === undefined
        ? []
        : [
            ...beforeStep(hooks, restart.hooks),
            ...checkpointStep(server),
            restartStep(restart, way),
            waitStep(restart, way),
            verifyStep(restart),
            ...afterStep(hooks, restart.hooks),
          ],
    consequence:
      'Everybody is disconnected, and nobody can connect until the server is back: some seconds, or as long as its shutdown takes.',
    leaves: () => stateOf(restart, subject),
    reaches: () => `${subject} was restarted and accepts connections; no data was changed.`,
    locks: [{ family: 'restart', database: 'server' }],
  };
}

function waitingText(settings: readonly Setting[]): string {
  const names = settings.filter(({ pending_restart }) => pending_restart).map(({ name }) => name);
  return names.length === 0 ? 'no setting' : names.join(', ');
}

function stateOf({ begun, back }: Restart, subject: string): string {
  if (back) return `${subject} was restarted and accepts connections; no data was changed.`;
  if (begun) return `${subject} may be down; no data was changed.`;
  return `${subject} was not restarted.`;
}
