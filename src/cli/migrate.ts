import type { Command } from 'commander';
import { entryOf } from '../ops/registry.ts';
import { again } from './again.ts';
import type { Context } from './context.ts';
import { complete, group } from './operation.ts';
import { EXIT, fail, note, printJson, printTable } from './output.ts';

interface Flags {
  readonly tool?: string;
  readonly dir?: string;
  readonly json?: boolean;
}

/** What is applied and what is not, and what would be done. Going up and down are operations. */
export function register(program: Command, context: Context): void {
  const migrate = group(program, 'migrate');
  migrate
    .command('status')
    .description('what is applied and what is not; changes nothing, makes no table')
    .option('--tool <tool>', 'whose migrations they are; found out by the files without it')
    .option('--dir <dir>', 'with the migrations; without it the usual ones below this directory')
    .option('--json', 'one object')
    .action(async (flags: Flags, command: Command) => {
      context.exitCode = await status(flags, command, context);
    });
  const plan = migrate
    .command('plan')
    .description('what migrate up would do: the SQL, hazards, locks; does nothing');
  migrate.hook('preSubcommand', async (_parent, command) => {
    if (command !== plan) return;
    const { up } = await import('../ops/migrate/up.ts');
    await complete(plan, up, context);
    plan.setOptionValue('plan', true);
  });
}

async function status({ tool, dir, json }: Flags, command: Command, context: Context): Promise<number> {
  const [{ resolved }, { openContext }, { choose }, { atWork }] = await Promise.all([
    context.resolve(command),
    import('../ops/engine/context.ts'),
    import('../ops/migrate/choose.ts'),
    import('../ops/migrate/plan/lock.ts'),
  ]);
  const opContext = await openContext({ resolved, env: context.env, operations: entryOf });
  const tell = again(command, opContext.connection);
  try {
    const { adapter, where } = await choose(opContext, { tool, dir });
    const { tool: id, current, items, problems, failed } = await adapter.status(where);
    if (json) {
      printJson({
        tool: id,
        current,
        items: items.map(({ version, name, state }) => ({ version, name, state })),
        problems,
      });
      return failed ? EXIT.failed : EXIT.done;
    }
    await printTable(items, [
      { key: 'version', title: 'VERSION' },
      { key: 'name', title: 'NAME' },
      { key: 'state', title: 'STATE' },
      { key: 'applied_at', title: 'APPLIED', show: (at) => (at === null ? '-' : String(at)) },
      { key: 'reversible', title: 'WAY DOWN', show: (there) => (there === true ? 'yes' : 'no') },
    ]);
    note(`${id}: ${current === null ? 'nothing is applied' : `current is ${current}`} (${where.directory})`);
    for (const { message } of problems) note(`pgdeck: ${tell(message)}`);
    const other = await atWork(where.session, resolved.target.database);
    if (other !== undefined) note(`pgdeck: ${other} What looks unfinished may be its work.`);
    return failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    return fail(error, tell);
  } finally {
    await opContext.close();
  }
}
