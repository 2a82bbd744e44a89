import type { Command } from 'commander';
import type { BackupSettings } from '../config/settings.ts';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { note, printJson, printTable } from './output.ts';

interface Flags {
  readonly dir?: string;
  readonly json?: boolean;
  readonly remote?: boolean;
}

/** What is in the repository. Verifying, pinning and deleting are operations. */
export function register(program: Command, context: Context): void {
  const backups = group(program, 'backups');
  const dir = ['--dir <dir>', 'the repository, where it is not the usual one'] as const;
  backups
    .command('list', { isDefault: true })
    .description('the backups there are, newest first')
    .option(...dir)
    .option('--remote', 'the copies of them that are elsewhere, as they are there now')
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
  return { ...repo, ...report, directory, backup: resolved.backup, database: resolved.target.database };
}

async function list(flags: Flags, command: Command, context: Context): Promise<void> {
  const one = await repository(flags, command, context);
  const { directory, backup, listBackups, backupLine, backupRow, columnsOf } = one;
  if (flags.remote) return listRemote(flags, directory, backup);
  const { knownOf } = await import('../ops/remote/known/known.ts');
  const [backups, known] = await Promise.all([listBackups(directory), knownOf(directory, backup.remote)]);
  if (flags.json) printJson({ backups: backups.map((found) => backupLine(found, known)) });
  else if (backups.length === 0) note(`There is no backup in ${directory}. Make one: pgdeck backup`);
  else
    await printTable(
      backups.map((found) => backupRow(found, known)),
      columnsOf(backup.remote !== undefined),
    );
}

/** What is in the profile's place for copies, asked now. */
async function listRemote(flags: Flags, directory: string, backup: BackupSettings): Promise<void> {
  const [{ listCopies }, { copyLine, COPY_COLUMNS, copyRow, unfinishedNote }] = await Promise.all([
    import('../ops/remote/list/list.ts'),
    import('./backups/copies.ts'),
  ]);
  const { label, found } = await listCopies({ backup }, directory, new Date());
  const copies = found.flatMap(({ copy }) => (copy === undefined ? [] : [copy]));
  if (flags.json) printJson({ store: label, backups: copies.map((copy) => copyLine(copy, label)) });
  else if (copies.length === 0) note(`There are no copies in ${label}. Make one: pgdeck backups push`);
  else await printTable(copies.map(copyRow), COPY_COLUMNS);
  const rest = unfinishedNote(found, label);
  if (rest !== undefined) note(rest);
}

async function show(id: string, flags: Flags, command: Command, context: Context): Promise<void> {
  const one = await repository(flags, command, context);
  const { directory, database, findBackup, backupObject, printBackup } = one;
  const { knownOf } = await import('../ops/remote/known/known.ts');
  const [backup, known] = await Promise.all([
    findBackup(directory, id, database),
    knownOf(directory, one.backup.remote),
  ]);
  if (flags.json) printJson({ backup: backupObject(backup, known) });
  else await printBackup(backup, known);
}
