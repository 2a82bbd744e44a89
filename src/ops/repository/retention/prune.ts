import { z } from 'zod';
import { bytes, plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import { defineOperation } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { deletion, remove } from '../care/delete.ts';
import { backupFields } from '../care/field.ts';
import { repositoryDirectory } from '../repository.ts';
import { judge, judgedTables, keepRules } from './repository.ts';
import { DEFAULT_KEEP, DEFAULT_KEEP_SAFETY, parseKeep } from './rule.ts';

const rule = z
  .string()
  .superRefine((text, context) => {
    const parsed = parseKeep(text);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.message });
  })
  .optional();

/** Removes the backups that the rule no longer keeps. */
export const prune = defineOperation({
  id: 'backups prune',
  input: z.object({
    keep: rule,
    keep_safety: rule,
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
    keep_safety: {
      title: 'Keep safety backups',
      hint: `which are kept of those that pgdeck made before it changed something: "${DEFAULT_KEEP_SAFETY}"`,
      placeholder: 'rule',
      standard: ({ backup }) => backup.keep_safety ?? DEFAULT_KEEP_SAFETY,
    },
    database: {
      title: 'Database',
      hint: 'only backups of this database',
      placeholder: 'name',
      standard: () => 'all',
    },
    dir: backupFields.dir,
  },
  plan: async ({ keep, keep_safety, database, dir }, context) => {
    const directory = repositoryDirectory(context, dir);
    const rules = keepRules(context, { keep, keep_safety });
    const judged = await judge(context, directory, rules, database);
    const gone = judged.filter(({ decision }) => !decision.keep);
    const freed = gone.reduce((sum, { backup }) => sum + backup.bytes, 0);
    return {
      operation: 'backups prune',
      title:
        gone.length === 0 ? 'Nothing to prune' : `Prune ${gone.length} of ${plural(judged.length, 'backup')}`,
      subject: directory,
      danger: gone.length === 0 ? 'none' : 'confirm',
      writes: false,
      server: directory,
      input: { keep: rules.keep.text, keep_safety: rules.safety.text, database, dir },
      facts: [
        { label: 'Repository', value: directory },
        { label: 'Rule', value: rules.keep.text },
        { label: 'Safety backups', value: rules.safety.text },
        { label: 'Kept', value: String(judged.length - gone.length) },
        { label: 'Deleted', value: `${gone.length}, ${bytes(freed)}` },
      ],
      tables: judgedTables(judged, rules),
      checks: [],
      steps: gone.map(({ backup }) => {
        const step = deletion(backup.path, `delete:${backup.id}`);
        return {
          ...step,
          run: async (io) => {
            // since it was planned it may have been pinned, or a run reads it, or what was better is gone
            const now = await judge(context, directory, rules, database);
            const found = now.find((one) => one.backup.path === backup.path);
            if (found?.decision.keep === false) await step.run(io);
            else
              io.line(
                found ? `${backup.id} stays: ${found.decision.because}.` : `${backup.id} is gone already.`,
              );
          },
        };
      }),
      reaches: () => 'Each backup that is still listed is complete.',
      leaves: ({ done }) =>
        `${done.size} of ${gone.length} were processed; each backup that is still listed is complete.`,
      ...(gone.length > 0 && {
        consequence: 'The backups marked "delete" are removed and cannot be brought back.',
      }),
    };
  },
  recover: async (run, context) => remove.recover?.(run, context),
});

/**
 * What a backup does after it was made and verified: removes those of its database that the profile's rules no longer
 * keep. Of a kind without a rule in the profile none goes, but for safety backups beside others that have one.
 */
export async function pruneAfter(
  io: StepIo,
  context: OpContext,
  { directory, database }: { readonly directory: string; readonly database: string },
): Promise<void> {
  const { keep, keep_safety } = context.backup;
  if (keep === undefined && keep_safety === undefined) return;
  const rules = keepRules(context);
  const all = await judge(context, directory, rules, database);
  const judged = keep === undefined ? all.filter(({ safety }) => safety) : all;
  const gone = judged.filter(({ decision }) => !decision.keep);
  for (const safety of keep === undefined ? [true] : [false, true]) {
    const own = judged.filter((one) => one.safety === safety);
    const deleted = own.filter((one) => gone.includes(one)).length;
    const name = safety ? `safety backups "${rules.safety.text}"` : `retention "${rules.keep.text}"`;
    if (!safety || own.length > 0) io.line(`${name}: ${own.length - deleted} kept, ${deleted} deleted`);
  }
  if (gone.length === 0) return;
  for (const table of judgedTables(judged, rules)) io.result(table);
  for (const { backup } of gone) await deletion(backup.path, `delete:${backup.id}`).run(io);
}
