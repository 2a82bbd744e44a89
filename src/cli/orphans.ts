import type { Command } from 'commander';
import { fullName } from '../db/ident.ts';
import { entryOf } from '../ops/registry.ts';
import { exact } from '../text/units.ts';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { note, printJson, printTable } from './output.ts';

interface Flags {
  readonly table?: string;
  readonly json?: boolean;
}

/** Beside the operation: the keys that it is about. */
export function register(program: Command, context: Context): void {
  group(program, 'orphans')
    .command('list')
    .description('the foreign keys that are NOT VALID, and how many rows break each')
    .option('--table <table>', 'only those of this table')
    .option('--json', 'one object')
    .action((_: unknown, command: Command) => list(command.optsWithGlobals<Flags>(), command, context));
}

async function list({ table, json }: Flags, command: Command, context: Context): Promise<void> {
  const [{ resolved }, { createContext }, { listOrphans }] = await Promise.all([
    context.resolve(command),
    import('../ops/engine/context.ts'),
    import('../ops/orphans/list.ts'),
  ]);
  const opContext = createContext({ resolved, env: context.env, operations: entryOf });
  try {
    const keys = await listOrphans(opContext, table);
    if (json === true) printJson({ keys });
    else if (keys.length === 0) note('No foreign key is NOT VALID.');
    else
      await printTable(
        keys.map((one) => ({ ...one, table: fullName(one.schema, one.table) })),
        [
          { key: 'table', title: 'TABLE' },
          { key: 'key', title: 'KEY' },
          {
            key: 'orphans',
            title: 'ORPHANS',
            align: 'right',
            show: (rows) => (rows === null ? '?' : exact(Number(rows))),
          },
          { key: 'definition', title: 'DEFINITION' },
        ],
      );
    for (const { schema, table: name, key, unknown } of keys)
      if (unknown !== null && json !== true) note(`${fullName(schema, name)} ${key}: ${unknown}`);
  } finally {
    await opContext.close();
  }
}
