import { z } from 'zod';
import { splitWords } from '../../../text/shell.ts';
import { inputOfWords } from '../../engine/fields.ts';
import { listRuns, type Run } from '../../engine/journal/runs.ts';
import { isOnServer, serverHere } from '../../engine/journal/server.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import type { MigrationAdapter, Route, Status } from '../types.ts';
import type { DirectionInput } from './input.ts';

const recorded = z.object({ applies: z.array(z.string()) });

/** What a run of `migrate up` tells the journal, for whoever undoes it later. */
export const applies = (versions: readonly string[]): z.output<typeof recorded> => ({
  applies: [...versions],
});

interface Asked {
  readonly input: DirectionInput;
  readonly context: OpContext;
  readonly directory: string;
  readonly adapter: MigrationAdapter;
  readonly status: Status;
  readonly route: Route;
}

/**
 * What goes with a run that is undone: its command stops at a version, and more may have been applied above it since.
 * Empty where these are no run's, or its own and no others.
 */
export async function othersCheck(asked: Asked): Promise<Check[]> {
  const { adapter, route } = asked;
  const run = await runMeant(asked);
  if (run === undefined) return [];
  const own = new Set(versionsOf(run));
  const others = route.versions.filter((version) => !own.has(version));
  if (own.size === 0 || others.length === 0) return [];
  const left = route.versions.filter((version) => own.has(version));
  const told = others.map((version) => nameOf(asked.status, version)).join(', ');
  const alone =
    adapter.only && left.length > 0
      ? ` To roll back its own alone: ${left.map((version) => `--only ${version}`).join(' ')}.`
      : '';
  const detail =
    left.length === 0
      ? `Not one of what ${run.id} applied is applied any more: this rolls back ${told}.`
      : `${told}: applied since ${run.id}, which applied ${left.toReversed().join(', ')}.${alone}`;
  return [{ title: 'Others rolled back', status: 'warn', detail }];
}

/** The newest run of this database that is undone by what is asked for. */
async function runMeant({ input, context, directory }: Asked): Promise<Run | undefined> {
  const { to, base = false, steps, only = [] } = input;
  const down = await context.operations('migrate down')?.load();
  if (down === undefined || steps !== undefined || only.length > 0) return undefined;
  const undoes = ({ undo }: Run): boolean => {
    const [program, family, way, ...words] = splitWords(undo ?? '') ?? [];
    if (program !== 'pgdeck' || family !== 'migrate' || way !== 'down') return false;
    const named = inputOfWords(down, words);
    return named.dir === directory && named.to === to && (named.base ?? false) === base && !named.only;
  };
  const found = listRuns(context.journal).filter(
    (run) => run.server.endsWith(`/${context.target.database}`) && undoes(run),
  );
  if (found.length === 0) return undefined;
  const here = await serverHere(context);
  return found.find((run) => isOnServer(run, here));
}

/** What it applied; of a run from before that was recorded, what its steps tell. */
function versionsOf({ facts, steps }: Run): readonly string[] {
  const known = recorded.safeParse(facts);
  if (known.success) return known.data.applies;
  return steps.flatMap(({ id }) => (id.startsWith('up:') ? [id.slice('up:'.length)] : []));
}

function nameOf({ items }: Status, version: string): string {
  const name = items.find((item) => item.version === version)?.name ?? '';
  return name === '' || name === version ? version : `${version} ${name}`;
}
