import type { Command } from 'commander';
import type { Kept } from '../../ops/kept/kept.ts';
import { entryOf } from '../../ops/registry.ts';
import { bytes, duration, moment } from '../../text/units.ts';
import type { Context } from '../context.ts';
import { group } from '../operation.ts';
import { note, printJson, printTable } from '../output.ts';

/** The databases that pgdeck has made. Dropping one is an operation. */
export function register(program: Command, context: Context): void {
  group(program, 'db')
    .command('kept', { isDefault: true })
    .description(
      'the databases that pgdeck has made: copies from before a restore or a reset, restored copies',
    )
    .option('--json', 'one object')
    .action((flags: { json?: boolean }, command: Command) => kept(flags, command, context));
}

async function kept({ json }: { json?: boolean }, command: Command, context: Context): Promise<void> {
  const [{ resolved }, { createContext }, { listKept }, { KIND_WORDS, usedBy }] = await Promise.all([
    context.resolve(command),
    import('../../ops/engine/context.ts'),
    import('../../ops/kept/list.ts'),
    import('../../ops/kept/kept.ts'),
  ]);
  const opContext = createContext({ resolved, env: context.env, operations: entryOf });
  try {
    const { kept: databases } = await listKept(opContext);
    const now = opContext.now().getTime();
    if (json) printJson({ databases: databases.map((one) => record(one, now)) });
    else if (databases.length === 0) note('pgdeck has made no database on this server that is still there.');
    else
      await printTable(
        databases.map((one) => ({ ...record(one, now), kind: KIND_WORDS[one.kind], used: usedBy(one.row) })),
        [
          { key: 'name', title: 'DATABASE' },
          { key: 'kind', title: 'WHAT' },
          { key: 'of', title: 'OF', show: (of) => String(of ?? '-') },
          {
            key: 'bytes',
            title: 'SIZE',
            align: 'right',
            show: (size) => (size === null ? '-' : bytes(Number(size))),
          },
          { key: 'made_at', title: 'MADE', show: (at) => (typeof at === 'string' ? moment(at) : '-') },
          { key: 'age_seconds', title: 'AGE', align: 'right', show: (age) => duration(age as number | null) },
          { key: 'run', title: 'RUN' },
          { key: 'used', title: 'USED BY', show: (used) => String(used || '-') },
        ],
      );
  } finally {
    await opContext.close();
  }
}

/** As scripts have it. */
function record({ name, kind, of, run, madeAt, row }: Kept, now: number) {
  const { total_bytes, sessions, slots, subscriptions, prepared } = row;
  return {
    ...{ name, kind, of, bytes: total_bytes, run },
    made_at: madeAt === null ? null : new Date(madeAt).toISOString(),
    age_seconds: madeAt === null ? null : Math.max(0, Math.round((now - madeAt) / 1000)),
    ...{ sessions, slots, subscriptions, prepared_transactions: prepared },
  };
}
