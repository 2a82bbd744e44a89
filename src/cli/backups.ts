import type { Command } from 'commander';
import type { Backup } from '../ops/repository/repository.ts';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { note, printJson, printTable } from './output.ts';

interface Flags {
  readonly dir?: string;
  readonly json?: boolean;
}

/** What is in the repository. Verifying, pinning and deleting are operations. */
export function register(program: Command, context: Context): void {
  const backups = group(program, 'backups');
  const dir = ['--dir <dir>', 'the repository, where it is not the usual one'] as const;
  backups
    .command('list', { isDefault: true })
    .description('the backups there are, newest first')
    .option(...dir)
    .option('--json', 'one object')
    .action((flags: Flags, command: Command) => list(flags, command, context));
  backups
    .command('show')
    .description('one backup: what it holds, and how it was verified')
    .argument('<id>', 'as backups list has it, or a path')
    .option(...dir)
    .option('--json', 'one object')
    .action((id: string, flags: Flags, command: Command) => show(id, flags, command, context));
}

async function repository({ dir }: Flags, command: Command, context: Context) {
  const [{ resolved }, { home }, repo, report] = await Promise.all([
    context.resolve(command),
    import('../config/libpq/env.ts'),
    import('../ops/repository/repository.ts'),
    import('./backups/report.ts'),
  ]);
  const { env } = context;
  const directory = repo.repositoryDirectory({ env, home: home(env), backup: resolved.backup }, dir);
  return { ...repo, ...report, directory, database: resolved.target.database };
}

async function list(flags: Flags, command: Command, context: Context): Promise<void> {
  const { directory, listBackups, backupLine, backupRow, COLUMNS } = await repository(
    flags,
    command,
    context,
  );
  const backups: Backup[] = await listBackups(directory);
  if (flags.json) printJson({ backups: backups.map(backupLine) });
  else if (backups.length === 0) note(`There is no backup in ${directory}. Make one: pgdeck backup`);
  else await printTable(backups.map(backupRow), COLUMNS);
}

async function show(id: string, flags: Flags, command: Command, context: Context): Promise<void> {
  const { directory, database, findBackup, backupObject, printBackup } = await repository(
    flags,
    command,
    context,
  );
  const backup = await findBackup(directory, id, database);
  if (flags.json) printJson({ backup: backupObject(backup) });
  else await printBackup(backup);
}
