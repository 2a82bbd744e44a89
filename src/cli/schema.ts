import type { Command } from 'commander';
import { entryOf } from '../ops/registry.ts';
import type { SchemaSnapshot } from '../ops/schema/format.ts';
import { plural } from '../text/units.ts';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { EXIT, note, print, printJson } from './output.ts';

/** What a database is made of, in a file, and what differs between two. */
export function register(program: Command, context: Context): void {
  const schema = group(program, 'schema').description(
    'what a database is made of, and how two of them differ',
  );
  schema
    .command('snapshot')
    .description('what the database is made of: tables, indexes, views, functions, as JSON')
    .option('--out <file>', 'write it to a file instead of stdout')
    .action(async ({ out }: { out?: string }, command: Command) => {
      const snapshot = await snapshotOf(context, command);
      if (out === undefined) return printJson(snapshot);
      await writeSnapshot(snapshot, out);
      note(`${plural(snapshot.objects.length, 'object')} in ${out}`);
    });
  schema
    .command('diff')
    .description('what has to change in the first schema to get the second; exit 1 where they differ')
    .argument('<before>', 'file that snapshot made')
    .argument('[after]', 'another one; without it the database')
    .option('--json', 'one object')
    .action(
      async (before: string, after: string | undefined, { json }: { json?: boolean }, command: Command) => {
        const [{ diffSchemas, differenceLine }, { cleanLine }] = await Promise.all([
          import('../ops/schema/diff.ts'),
          import('../text/clean.ts'),
        ]);
        const old = await readSnapshot(before);
        const now = await (after === undefined ? snapshotOf(context, command) : readSnapshot(after));
        const differences = diffSchemas(old, now);
        if (json === true) printJson({ differences });
        else for (const difference of differences) print(cleanLine(differenceLine(difference)));
        if (differences.length > 0) context.exitCode = EXIT.failed;
        else if (json !== true) note('No difference.');
      },
    );
}

async function snapshotOf(context: Context, command: Command): Promise<SchemaSnapshot> {
  const [{ createContext }, { takeSchemaSnapshot }] = await Promise.all([
    import('../ops/engine/context.ts'),
    import('../ops/schema/snapshot.ts'),
  ]);
  const { resolved } = await context.resolve(command);
  const operation = createContext({ resolved, env: context.env, operations: entryOf });
  try {
    return await takeSchemaSnapshot(await operation.session());
  } finally {
    await operation.close();
  }
}

async function writeSnapshot(snapshot: SchemaSnapshot, file: string): Promise<void> {
  const [{ snapshotText }, { writeFile }, { cliErrors }] = await Promise.all([
    import('../ops/schema/format.ts'),
    import('node:fs/promises'),
    import('./errors.ts'),
  ]);
  try {
    await writeFile(file, snapshotText(snapshot));
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw cliErrors.unwritable({ file, code }, error);
  }
}

async function readSnapshot(file: string): Promise<SchemaSnapshot> {
  const [{ parseSnapshot }, { readFile }, { UsageError }] = await Promise.all([
    import('../ops/schema/read.ts'),
    import('node:fs/promises'),
    import('../config/usage-error.ts'),
  ]);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${file} cannot be read (${code}).`,
      'Make one with: pgdeck schema snapshot --out schema.json',
    );
  }
  return parseSnapshot(text, file);
}
