import type { Step, StepIo } from '../../engine/plan.ts';
import { OpError } from '../../error.ts';
import { withClientEnvironment, withoutTimeouts } from '../../programs/environment.ts';
import { pipeline } from '../../programs/pipeline.ts';
import { typed } from '../../programs/typed.ts';
import { analyzeCommand, loadLine } from '../load/commands.ts';
import { type Load, loadArchive } from '../load/load.ts';
import type { Situation } from '../situation.ts';
import { isAccepted } from '../source/damage.ts';
import type { RestoreSource } from '../source/source.ts';
import { compareContents, required } from '../verify/compare.ts';
import type { RestoreState } from './state.ts';

export interface Fill {
  readonly situation: Situation;
  readonly source: RestoreSource;
  readonly state: RestoreState;
  /** The database to fill, once the run's id is known. */
  readonly database: (run: string) => string;
  /** As it stands in the previews. */
  readonly shown: string;
  readonly noTablespaces: boolean;
}

/** Load, statistics, verification: the three steps that make a database out of an empty one. */
export function fillSteps(fill: Fill): Step[] {
  const { situation, source, state, database, shown } = fill;
  const { context, jobs } = situation;
  return [
    {
      id: 'load',
      title: 'Load the backup',
      preview: loadLine({ ...wishOf(fill), database: shown }),
      effect: 'the live database stays in use; disk and processors are shared',
      run: async (io) => {
        io.line(loadLine({ ...wishOf(fill), database: database(io.run) }));
        await loadArchive(io, context, {
          ...wishOf(fill),
          bytes: source.bytes,
          damaged: isAccepted(situation.input, situation.backup),
          database: database(io.run),
          ...(state.expected && { expected: state.expected }),
        });
      },
    },
    {
      id: 'analyze',
      title: 'Collect statistics for the planner',
      preview: typed(source.clients.host, [analyzeCommand(source.clients, shown, jobs)]),
      run: (io) => analyze(io, situation, source, database(io.run)),
    },
    {
      id: 'verify',
      title: 'Compare what was loaded with the backup',
      preview: 'count of the rows of each table; invalid indexes, large objects, sequences',
      run: async (io) => {
        const session = await io.connect(database(io.run));
        try {
          const compared = await compareContents(session, state.expected, {
            signal: io.signal,
            onProgress: io.progress,
          });
          io.result(compared.table);
          if (!isAccepted(situation.input, situation.backup)) required(compared);
          io.line(compared.detail);
        } finally {
          await session.close();
        }
      },
    },
  ];
}

function wishOf({ situation, source, noTablespaces }: Fill): Omit<Load, 'database' | 'bytes'> {
  const { input, list, jobs, backup } = situation;
  const { clients, toc, stripTimeout } = source;
  return {
    clients,
    kind: backup.kind,
    path: backup.archive,
    jobs,
    noOwner: input.no_owner,
    noTablespaces,
    stripTimeout,
    ...(toc !== undefined && list !== undefined && { entries: list.kept, filtered: list.left.length > 0 }),
  };
}

async function analyze(
  io: StepIo,
  { context, jobs, server }: Situation,
  source: RestoreSource,
  database: string,
) {
  const { clients } = source;
  const command = analyzeCommand(clients, database, jobs);
  await withClientEnvironment(context, io.applicationName, async (env) => {
    try {
      await pipeline(clients.host, io, [command], {
        env: { ...env, ...withoutTimeouts(server) },
        quiet: true,
        maxOutput: 32 * 1024,
      });
    } catch (error) {
      if (io.signal.aborted || !(error instanceof OpError)) throw error;
      // plans are worse until autovacuum comes by; the data is whole
      io.line(`No statistics: ${error.message}`, 'stderr');
    }
  });
}
