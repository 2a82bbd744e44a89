import type { OpContext } from '../../engine/operation.ts';
import type { Step } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { pruneAfter } from '../../repository/retention/prune.ts';
import { keepRules } from '../../repository/retention/repository.ts';
import { backupErrors } from '../errors.ts';
import type { BackupRequest } from '../request.ts';

/**
 * What the profile's rules ask for after a backup: the older ones that they no longer keep are removed, and never before
 * the new one is published. No step where no rule is configured. Throws {@link OpError} for a rule that is none.
 */
export function retentionSteps(
  context: OpContext,
  { repository, database }: Pick<BackupRequest, 'repository' | 'database'>,
  id = 'retention',
): Step[] {
  const { backup } = context;
  if (backup.keep === undefined && backup.keep_safety === undefined) return [];
  const { keep, safety } = keepRules(context);
  const preview = [
    ...(backup.keep === undefined ? [] : [`keep ${keep.text}`]),
    `keep of safety backups ${safety.text}`,
  ];
  return [
    {
      id,
      title: `Remove older backups of ${database} that are kept no longer`,
      preview: preview.join('\n'),
      // what is copied elsewhere after it is of the new one
      independent: true,
      run: async (io) => {
        try {
          await pruneAfter(io, context, { directory: repository, database });
        } catch (error) {
          throw backupErrors.notPruned({ why: sentenceOf(error) }, error);
        }
      },
    },
  ];
}
