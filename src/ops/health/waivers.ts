import type { WaiverSettings } from '../../config/settings.ts';
import { changeSettings, readSettings, settingsPath } from '../../config/store.ts';
import type { OpContext } from '../engine/operation.ts';
import { healthErrors } from './errors.ts';

/** The waivers of the profile that the server is one's. Throws {@link OpError} where there is none, and UsageError. */
export function waiversOf(context: OpContext): {
  readonly file: string;
  readonly profile: string;
  readonly waivers: readonly WaiverSettings[];
} {
  const { profile } = context;
  if (profile === undefined) throw healthErrors.noProfile();
  const file = settingsPath(context.env, context.settingsFile);
  const found = readSettings(file).profiles[profile];
  if (found === undefined) throw healthErrors.noSuchProfile({ name: profile, file });
  return { file, profile, waivers: found.waivers ?? [] };
}

/** Changes them, as they are then. Throws as {@link waiversOf}. */
export async function changeWaivers(
  context: OpContext,
  change: (waivers: readonly WaiverSettings[]) => readonly WaiverSettings[],
): Promise<void> {
  const { file, profile } = waiversOf(context);
  await changeSettings(file, (settings) => {
    const before = settings.profiles[profile];
    if (before === undefined) throw healthErrors.noSuchProfile({ name: profile, file });
    const { waivers = [], ...rest } = before;
    const after = [...change(waivers)];
    return {
      ...settings,
      profiles: { ...settings.profiles, [profile]: { ...rest, ...(after.length > 0 && { waivers: after }) } },
    };
  });
}
