import type { OpContext } from '../engine/operation.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { findPartials, type Leftover, sweepPartials } from '../repository/sweep.ts';
import { databases } from './databases.ts';
import type { Remains } from './remains.ts';

/** What was left by runs that this journal does not know, or that were forgotten. */
export async function found(context: OpContext, known: readonly Remains[]): Promise<Remains[]> {
  const handled = new Set(known.filter(({ plan }) => plan !== undefined).map(({ name }) => name));
  return [...(await databases(context, handled)), ...(await partials(context, handled))];
}

const STATES: Readonly<Record<Leftover['state'], string>> = {
  partial: 'a backup that was not finished',
  deleting: 'a backup whose removal was not finished',
};

async function partials(context: OpContext, handled: ReadonlySet<string>): Promise<Remains[]> {
  const directory = repositoryDirectory(context);
  const dead = (await findPartials(directory, context.now())).filter(
    ({ run, dead }) => dead && !(run !== null && handled.has(run)),
  );
  return dead.map(({ path, state }, at) => ({
    name: path,
    what: `${STATES[state]}.`,
    plan: {
      operation: 'recover',
      title: `Remove ${path}`,
      subject: path,
      danger: 'confirm',
      writes: false,
      server: directory,
      input: {},
      facts: [],
      checks: [],
      leaves: () => 'Listed backups were not touched.',
      reaches: () => 'Unfinished backups are gone; listed backups were not touched.',
      // one sweep finds them all
      steps:
        at > 0
          ? []
          : [
              {
                id: 'sweep',
                title: dead.length === 1 ? `Remove ${path}` : `Remove ${dead.length} unfinished backups`,
                preview: dead.map((one) => `rm -r ${one.path}`).join('\n'),
                run: async (io) => {
                  for (const removed of await sweepPartials(directory, context.now()))
                    io.line(`Removed ${removed}`);
                },
              },
            ],
    },
  }));
}
