import { z } from 'zod';
import type { Field, FieldChoice, OpContext, RawInput } from '../../engine/operation.ts';
import { findBackup, NEWEST, repositoryDirectory } from '../../repository/repository.ts';

export const fixInput = z.object({
  against: z
    .string({ error: 'Say what the database should be like: --against.' })
    .min(1, 'expected a file, or what else it is'),
  only: z.array(z.string()).default([]),
  backup: z.boolean().default(false),
  rehearse: z.boolean().default(false),
  lock_timeout: z.number().min(0.1, 'expected 0.1 or more').max(60, 'expected 60 at most').default(3),
  wait: z.number().min(0, 'expected 0 or more').default(60),
  tool: z.string().optional(),
});
export type FixInput = z.output<typeof fixInput>;

export const fixFields: Record<keyof FixInput, Field> = {
  against: {
    title: 'Against',
    hint: 'a file of schema snapshot, a backup, "database NAME", a postgresql:// URL, or migrations[:DIR]',
    placeholder: 'expected',
    choices: againstChoices,
    none: () => 'Make a file of a good database: pgdeck schema snapshot --out schema.json',
  },
  only: {
    title: 'Only',
    hint: 'this issue, by its id as schema check tells it; all that can be added without it',
    placeholder: 'issue',
    standard: () => 'all that can be added',
  },
  backup: { title: 'Back up first', hint: 'a backup of the database before anything is added' },
  rehearse: {
    title: 'Rehearse first',
    hint: 'add it all in a shadow database with the same structure; what fails there stops the run',
  },
  lock_timeout: {
    title: 'Lock timeout',
    hint: 'seconds that one attempt waits for a lock; others queue behind it that long',
    placeholder: 'seconds',
  },
  wait: {
    title: 'Wait',
    hint: 'seconds in which each lock is tried for again',
    placeholder: 'seconds',
  },
  tool: {
    title: 'Tool',
    hint: 'whose migrations they are; found out by the files without it',
    placeholder: 'tool',
    standard: () => 'found out',
    when: (raw) => String(raw.against ?? '').startsWith('migrations'),
  },
};

/** Files are looked for where the program was started. */
async function againstChoices(context: OpContext, _raw: RawInput): Promise<FieldChoice[]> {
  const { files } = context.here;
  const found = await files.list(files.resolve('.')).catch(() => []);
  const snapshots = found
    .filter(({ name, kind }) => kind === 'file' && /schema.*\.json$/i.test(name))
    .map(({ name }) => name)
    .sort();
  const { database } = context.target;
  const own = await findBackup(repositoryDirectory(context), NEWEST, database, context.now()).catch(
    () => undefined,
  );
  return [
    ...snapshots.map((value) => ({ value, hint: 'file' })),
    ...(own === undefined ? [] : [{ value: 'latest', hint: `the newest backup, ${own.id}` }]),
    { value: 'migrations', hint: 'what the migrations here come to' },
  ];
}
