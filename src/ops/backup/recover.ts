import type { OpContext } from '../context.ts';
import type { Run } from '../journal/runs.ts';
import type { Plan, Step } from '../operation.ts';
import { discard } from '../repository/publish.ts';
import { maintenanceSession } from '../run/lock.ts';
import { applicationNameOf } from '../run/runner.ts';
import { endBackends, leftBy } from './leftovers.ts';

/**
 * What a killed backup has left: a partial directory that nobody will finish, and pg_dump, which outlives pgdeck.
 * Undefined when neither is there. Whatever it had published is whole and stays.
 */
export async function recoverBackup(run: Run, context: OpContext): Promise<Plan | undefined> {
  const { repository } = run.facts;
  const partials = typeof repository === 'string' ? await leftBy(repository, run.id) : [];
  const session = await context.session();
  const backends = await session.sql('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [
    applicationNameOf(run.id),
  ]);
  if (partials.length === 0 && backends.length === 0) return undefined;
  const end: Step = {
    id: 'end',
    title: 'End what the run still does on the server',
    preview: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${applicationNameOf(run.id)}';`,
    run: async (io) => {
      const own = await maintenanceSession(context, io.applicationName);
      try {
        const ended = await endBackends(own, run.id);
        io.line(ended.length === 0 ? 'nothing runs any more' : `ended ${ended.join(', ')}`);
      } finally {
        await own.close();
      }
    },
  };
  const remove: Step = {
    id: 'remove',
    title: 'Remove the unfinished backup',
    preview: partials.map(({ path }) => `rm -r ${path}`).join('\n'),
    run: async (io) => {
      for (const { path } of partials) {
        await discard({ path });
        io.line(`removed ${path}`);
      }
    },
  };
  return {
    operation: 'recover',
    title: `Clean up after: ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: false,
    server: run.server,
    input: { run: run.id },
    facts: [
      { label: 'Run', value: run.id },
      { label: 'Unfinished', value: partials.map(({ path }) => path).join(', ') || '-' },
      { label: 'Sessions', value: backends.map(({ pid }) => String(pid)).join(', ') || '-' },
    ],
    checks: [],
    steps: partials.length === 0 ? [end] : [end, remove],
    consequence: 'The unfinished backup is removed; published backups stay.',
  };
}
