import { home } from '../../config/libpq/env.ts';
import { openContext } from '../../ops/engine/context.ts';
import { fieldsOf } from '../../ops/engine/fields.ts';
import type { AnyOperation, RawInput } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Context } from '../context.ts';
import type { Candidate, Live } from './wanted.ts';

/** Asks what only the server, the disk or the settings know. Throws what they throw; asks nobody for a password. */
export async function liveOf(live: Live, context: Context): Promise<readonly Candidate[]> {
  switch (live.kind) {
    case 'profiles': {
      const { settings } = await context.settings(live.command);
      return Object.keys(settings.profiles ?? {}).map((value) => ({ value }));
    }
    case 'runs': {
      const { journalDirectory, newestRuns } = await import('../../ops/engine/journal/runs.ts');
      const runs = newestRuns(journalDirectory(context.env, home(context.env)));
      return first(runs, MANY).map(({ id, operation, subject }) => ({
        value: id,
        hint: `${operation} ${subject}`,
      }));
    }
    case 'views':
      return (await import('../../app/views/registry.ts')).SHOWN.map(({ id, title }) => ({
        value: id,
        hint: title,
      }));
    case 'services':
      return (await import('../../config/libpq/service.ts'))
        .serviceNames(context.env)
        .map((value) => ({ value }));
    case 'databases':
      return choicesOf(live, 'backup', 'database', {}, context);
    case 'backups':
      return choicesOf(live, 'restore', 'backup', {}, context);
    case 'field':
      return choices(live, live.operation, live.field, live.raw, context);
  }
}

/** Runs that are offered: the newest. */
const MANY = 50;

function first<T>(all: Iterable<T>, n: number): T[] {
  const found: T[] = [];
  for (const one of all) if (found.push(one) >= n) break;
  return found;
}

async function choicesOf(live: Live, id: string, field: string, raw: RawInput, context: Context) {
  const operation = await entryOf(id)?.load();
  return operation === undefined ? [] : choices(live, operation, field, raw, context);
}

/** What the wizard's form offers for a field. */
async function choices(
  { command }: Live,
  operation: AnyOperation,
  id: string,
  raw: RawInput,
  context: Context,
): Promise<readonly Candidate[]> {
  const field = fieldsOf(operation).find((one) => one.id === id);
  const { resolved } = await context.resolve(command, {}, async () => undefined);
  const opContext = await openContext({ resolved, env: context.env, operations: entryOf });
  return (await field?.choices?.(opContext, raw)) ?? [];
}
