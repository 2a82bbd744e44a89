import { shellWord } from '../../../text/shell.ts';
import { maintenanceSession } from '../../database/maintenance.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step } from '../../engine/plan.ts';
import { isUnreachable } from '../../engine/run/unreachable.ts';
import { awaitServer } from '../../server/wait.ts';
import { projectErrors } from '../errors.ts';
import type { Project } from '../file/read.ts';
import { inApp } from './app.ts';
import type { Report } from './verdict.ts';

/** Why the server cannot be worked with; undefined where it answers. */
export async function whyAway(context: OpContext): Promise<Error | undefined> {
  try {
    const session = await maintenanceSession(context, 'pgdeck-plan');
    await session.close();
    return undefined;
  } catch (error) {
    if (isUnreachable(error)) return error;
    throw error;
  }
}

/**
 * That the server answers: it is started by the project's command where it does not, and waited for. `answers`: it does
 * when this is planned.
 */
export function serverStep(context: OpContext, project: Project, answers: boolean, report: Report): Step {
  const { server } = project;
  const start = server?.start.map(shellWord).join(' ');
  const look = '# a connection, closed at once';
  return {
    id: 'server',
    title: start === undefined || answers ? 'See that the server answers' : 'Start the server',
    preview: start === undefined ? look : answers ? `${look}; where it fails: ${start}` : start,
    run: async (io) => {
      const away = await whyAway(context);
      if (away === undefined) {
        io.line('It answers.');
        return;
      }
      if (server === undefined) throw away;
      io.line(`It does not answer: ${away.message}`);
      io.record({ starting: server.start });
      await inApp(io, project, server.start);
      io.crashPoint('server:started');
      const { wait_seconds: seconds } = server;
      const { session, why } = await awaitServer(context, io, {
        seconds,
        startedAt: Number.NaN,
        fresh: true,
      });
      if (session === undefined) throw projectErrors.notStarted({ why, seconds });
      io.line(`PostgreSQL ${session.server.version} answers.`);
      await session.close();
      report.push({ what: 'Server', outcome: 'started' });
    },
  };
}
