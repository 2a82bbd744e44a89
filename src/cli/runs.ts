import type { Command } from 'commander';
import { home } from '../config/libpq/env.ts';
import { UsageError } from '../config/usage-error.ts';
import type { Context } from './context.ts';
import type { OutputColumn, Row } from './output/format.ts';
import { note, print, printJson, printTable } from './output.ts';

interface ShowFlags {
  readonly json?: boolean;
  readonly lines?: boolean;
}

/** What pgdeck has done on servers, from its journal. */
export function register(program: Command, context: Context): void {
  const runs = program
    .command('runs')
    .description('what pgdeck has done, from its journal')
    .configureHelp({ showGlobalOptions: false });
  runs
    .command('list', { isDefault: true })
    .description('all runs, newest first')
    .option('--json', 'one object')
    .action((options: { json?: boolean }) => list(context, options.json === true));
  runs
    .command('show')
    .description('one run: its steps and what became of them')
    .argument('<id>', 'as runs list has it')
    .option('--lines', 'every line of output, not only the last ones of each step')
    .option('--json', 'one object')
    .action((id: string, options: ShowFlags) => show(context, id, options));
}

async function journal({ env }: Context) {
  const { journalDirectory, listRuns, readRun } = await import('../ops/engine/journal/runs.ts');
  const directory = journalDirectory(env, home(env));
  return { list: () => listRuns(directory), read: (id: string) => readRun(directory, id) };
}

async function list(context: Context, json: boolean): Promise<void> {
  const runs = (await journal(context)).list();
  if (json) {
    const { undoOf } = await import('./runs/text.ts');
    printJson({
      runs: runs.map((run) => {
        const { id, operation, subject, server, started_at, ended_at, status } = run;
        return { id, operation, subject, server, started_at, ended_at, status, undo: undoOf(run) };
      }),
    });
  } else if (runs.length === 0) note('Nothing has been done yet.');
  else await printTable(runs, RUN_COLUMNS);
}

/** The list for people. */
export const RUN_COLUMNS: readonly OutputColumn[] = [
  { key: 'id', title: 'ID', whole: true },
  { key: 'status', title: 'STATUS', show: (status, run) => `${status}${since(run)}` },
  { key: 'operation', title: 'OPERATION' },
  { key: 'subject', title: 'SUBJECT' },
  { key: 'server', title: 'SERVER', spare: true },
];

/** What has become of a run since it ended. */
function since({ undone_by, recovered_by }: Row): string {
  if (typeof undone_by === 'string') return ', undone';
  return typeof recovered_by === 'string' ? ', recovered' : '';
}

async function show(context: Context, id: string, { json, lines }: ShowFlags): Promise<void> {
  const run = (await journal(context)).read(id);
  if (!run) throw new UsageError(`There is no run "${id}".`, 'pgdeck runs list names them.');
  if (json) {
    const { undoOf } = await import('./runs/text.ts');
    printJson({ ...run, undo: undoOf(run) });
    return;
  }
  const { runText } = await import('./runs/text.ts');
  for (const line of runText(run, { lines: lines === true })) print(line);
}
