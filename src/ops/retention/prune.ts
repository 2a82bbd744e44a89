import { z } from 'zod';
import { bytes } from '../../text/units.ts';
import { deletion, remove } from '../backups/delete.ts';
import { backupFields } from '../backups/field.ts';
import type { OpContext } from '../context.ts';
import { defineOperation, type StepIo } from '../operation.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { judge, judgedTable, keepRule } from './repository.ts';
import { DEFAULT_KEEP, parseKeep } from './rule.ts';

/** Removes the backups that the rule no longer keeps. */
export const prune = defineOperation({
  id: 'backups prune',
  input: z.object({
    keep: z
      .string()
      .superRefine((text, context) => {
        const parsed = parseKeep(text);
        if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
      })
      .optional(),
    database: z.string().optional(),
    dir: z.string().optional(),
  }),
  fields: {
    keep: {
      title: 'Keep',
      hint: `which are kept: "${DEFAULT_KEEP}", "30 days min 3", "last 10"`,
      placeholder: 'rule',
      standard: ({ backup }) => backup.keep ?? DEFAULT_KEEP,
      choices: async ({ backup }) =>
        [...new Set([backup.keep ?? DEFAULT_KEEP, DEFAULT_KEEP, '30 days min 3', 'last 10'])].map(
          (value) => ({
            value,
            ...(value === backup.keep && { hint: 'from the profile' }),
          }),
        ),
    },
    database: {
      title: 'Database',
      hint: 'only backups of this database',
      placeholder: 'name',
      standard: () => 'all',
    },
    dir: backupFields.dir,
  },
  plan: async ({ keep, database, dir }, context) => {
    const directory = repositoryDirectory(context, dir);
    const { text, rule } = keepRule(context, keep);
    const judged = await judge(context, directory, rule, database);
    const gone = judged.filter(({ decision }) => !decision.keep);
    const freed = gone.reduce((sum, { backup }) => sum + backup.bytes, 0);
    return {
      operation: 'backups prune',
      title: gone.length === 0 ? 'Nothing to prune' : `Prune ${gone.length} of ${judged.length} backups`,
      subject: directory,
      danger: gone.length === 0 ? 'none' : 'confirm',
      writes: false,
      server: directory,
      input: { keep: text, database, dir },
      facts: [
        { label: 'Repository', value: directory },
        { label: 'Rule', value: text },
        { label: 'Kept', value: String(judged.length - gone.length) },
        { label: 'Deleted', value: `${gone.length}, ${bytes(freed)}` },
      ],
      tables: judged.length === 0 ? [] : [judgedTable(judged)],
      checks: [],
      steps: gone.map(({ backup }) => deletion(backup.path, `delete:${backup.id}`)),
      ...(gone.length > 0 && {
        consequence: 'The backups marked "delete" are removed and cannot be brought back.',
      }),
    };
  },
  recover: async (run, context) => remove.recover?.(run, context),
});

/**
 * What a backup does after it was made and verified: removes those of its database that the profile's rule no longer
 * keeps. Nothing happens where no rule is configured.
 */
export async function pruneAfter(
  io: StepIo,
  context: OpContext,
  { directory, database }: { readonly directory: string; readonly database: string },
): Promise<void> {
  if (context.backup.keep === undefined) return;
  const { text, rule } = keepRule(context);
  const judged = await judge(context, directory, rule, database);
  const gone = judged.filter(({ decision }) => !decision.keep);
  io.line(`retention "${text}": ${judged.length - gone.length} kept, ${gone.length} deleted`);
  if (gone.length === 0) return;
  io.result(judgedTable(judged));
  for (const { backup } of gone) await deletion(backup.path, `delete:${backup.id}`).run(io);
}
