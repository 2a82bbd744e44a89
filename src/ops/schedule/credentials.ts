import { join } from 'node:path';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';

/** Commands that reach for copies elsewhere: the second where the profile says so. */
const ALWAYS = /^(backups (push|pull)|maintain)\b|--remote\b/;
const AFTER = /^backup\b/;

/** Whether a job finds the credentials of the bucket that copies go to: cron has nothing of a shell's environment. */
export async function credentialsChecks(
  { backup: { remote }, env, home, here }: Pick<OpContext, 'backup' | 'env' | 'home' | 'here'>,
  words: readonly string[],
): Promise<Check[]> {
  const command = words.join(' ');
  const asked = ALWAYS.test(command) || (AFTER.test(command) && remote?.after_backup === true);
  // a role of the machine, or of its container, needs no variable: only who sets them here may miss them there
  if (!asked || remote?.kind !== 's3' || !env.AWS_ACCESS_KEY_ID) return [];
  const file = env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws', 'credentials');
  const there = await here.files.facts(file).then(
    () => true,
    () => false,
  );
  const detail = there
    ? `AWS_ACCESS_KEY_ID is not written into a crontab: the job takes what ${file} has`
    : `AWS_ACCESS_KEY_ID is not written into a crontab, and there is no ${file}: put the credentials there`;
  return [{ title: 'credentials', status: there ? 'ok' : 'warn', detail }];
}
