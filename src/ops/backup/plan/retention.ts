import type { OpContext } from '../../context.ts';
import { OpError, sentenceOf } from '../../error.ts';
import type { Step } from '../../operation.ts';
import { pruneAfter } from '../../retention/prune.ts';
import { keepRule } from '../../retention/repository.ts';
import type { BackupRequest } from '../request.ts';

/**
 * What the profile's rule asks for after a backup: the older ones that it no longer keeps are removed, and never before
 * the new one is published. No step where no rule is configured. Throws {@link OpError} for a rule that is none.
 */
export function retentionSteps(
  context: OpContext,
  { repository, database }: Pick<BackupRequest, 'repository' | 'database'>,
  id = 'retention',
): Step[] {
  if (context.backup.keep === undefined) return [];
  const { text } = keepRule(context);
  return [
    {
      id,
      title: `Remove older backups of ${database} that are kept no longer`,
      preview: `keep ${text}`,
      run: async (io) => {
        try {
          await pruneAfter(io, context, { directory: repository, database });
        } catch (error) {
          throw new OpError(
            'failed',
            `The backup is made and kept; the older ones were not pruned: ${sentenceOf(error)}`,
            'See what would go with: pgdeck backups prune',
            error,
          );
        }
      },
    },
  ];
}
