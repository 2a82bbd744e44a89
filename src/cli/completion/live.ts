import { home } from '../../config/libpq/env.ts';
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
      return databases(live, context);
    case 'backups':
      return backups(live, context);
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

/** By one session, without anything of an operation: loading those takes as long as the server does. */
async function databases({ command }: Live, context: Context): Promise<readonly Candidate[]> {
  const [{ resolved }, { connect }, { databaseList }] = await Promise.all([
    context.resolve(command, {}, async () => undefined),
    import('../../db/client.ts'),
    import('../../db/queries/database/facts.ts'),
  ]);
  const session = await connect(resolved.target, 'fast');
  const rows = await session.run(databaseList, undefined);
  return rows
    .filter(({ allows_connections, is_template }) => allows_connections && !is_template)
    .map(({ name, sessions }) => ({ value: name, hint: sessions > 0 ? `${sessions} connected` : '' }));
}

/** What the repository has, from its files alone: no server is asked for them. */
async function backups({ command }: Live, context: Context): Promise<readonly Candidate[]> {
  const [{ resolved }, { listBackups, repositoryDirectory }, { inOrderOfUse }, { hintOf }] =
    await Promise.all([
      context.resolve(command, {}, async () => undefined),
      import('../../ops/repository/repository.ts'),
      import('../../ops/repository/safety.ts'),
      import('../../ops/repository/care/field.ts'),
    ]);
  const { env } = context;
  const directory = repositoryDirectory({ env, home: home(env), backup: resolved.backup });
  const all = inOrderOfUse(await listBackups(directory), new Date());
  return all.map((one) => ({ value: one.id, hint: hintOf(one) }));
}

/** What the wizard's form offers for a field. */
async function choices(
  { command }: Live,
  operation: AnyOperation,
  id: string,
  raw: RawInput,
  context: Context,
): Promise<readonly Candidate[]> {
  const [{ fieldsOf }, { openContext }] = await Promise.all([
    import('../../ops/engine/fields.ts'),
    import('../../ops/engine/context.ts'),
  ]);
  const field = fieldsOf(operation).find((one) => one.id === id);
  const { resolved } = await context.resolve(command, {}, async () => undefined);
  const opContext = await openContext({ resolved, env: context.env, operations: entryOf });
  return (await field?.choices?.(opContext, raw)) ?? [];
}
