import type { Command } from 'commander';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { EXIT, unwritten } from './output.ts';

export interface SnapshotFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly grants?: boolean;
}

export interface CheckFlags {
  readonly against: string;
  readonly baseline?: string;
  readonly grants?: boolean;
  readonly tool?: string;
  readonly json?: boolean;
}

export interface DiffFlags {
  readonly grants?: boolean;
  readonly tool?: string;
  readonly json?: boolean;
}

const FORMS = 'file, backup (latest, ID), "database NAME", postgresql:// URL or migrations[:DIR]';

/** What a database is made of, in a file, and whether it is what it should be. Mending it is an operation. */
export function register(program: Command, context: Context): void {
  const schema = group(program, 'schema').description(
    'what a database is made of, and whether it is what it should be',
  );
  schema
    .command('snapshot')
    .description('what the database is made of: tables, indexes, views, functions, as JSON')
    .option('--out <file>', 'write it to a file instead of stdout')
    .option('--force', 'write over the file that is there; marks of what is critical stay')
    .option('--grants', 'with owners and grants')
    .action(async (flags: SnapshotFlags, command: Command) =>
      (await import('./schema/snapshot.ts')).runSnapshot(flags, command, context),
    );
  const check = schema
    .command('check')
    .description('what is not as expected; exit 0 same, 1 minor, 2 critical, 3 no verdict')
    .requiredOption('--against <expected>', `a ${FORMS}`)
    .option('--baseline <file>', 'an earlier output of schema check --json: only what is new counts')
    .option('--grants', 'compare owners and grants, too')
    .option('--tool <tool>', 'whose migrations they are; found out by the files without it')
    .option('--json', 'one object')
    .action(async (flags: CheckFlags, command: Command) => {
      context.exitCode = await (await import('./schema/check.ts')).runCheck(flags, command, context);
    });
  schema
    .command('diff')
    .description('what has to change in the first schema to get the second; exit 1 where they differ')
    .argument('<before>', FORMS)
    .argument('[after]', 'another one; without it the database')
    .option('--grants', 'compare owners and grants, too')
    .option('--tool <tool>', 'whose migrations they are; found out by the files without it')
    .option('--json', 'one object')
    .action(async (before: string, after: string | undefined, flags: DiffFlags, command: Command) =>
      (await import('./schema/diff.ts')).runDiff({ before, after, flags }, command, context),
    );
  // 1 and 2 are verdicts: without one the exit code is 3, whatever kept it from being made
  schema.hook('preSubcommand', (_schema, named) => {
    if (named !== check) return;
    context.failure = EXIT.unreachable;
    Object.assign(unwritten, { full: EXIT.unreachable, closed: undefined });
  });
}
