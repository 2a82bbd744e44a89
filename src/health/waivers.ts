import type { WaiverSettings } from '../config/settings.ts';

/** A finding that somebody knows of and lives with to the end of a day (`until`), in UTC. */
export type Waiver = WaiverSettings;

/** The waiver that holds for a finding now. */
export function waiverOf(
  finding: { readonly id: string; readonly check: string },
  waivers: readonly Waiver[],
  now: number,
): Waiver | undefined {
  return waivers.find(
    ({ id, until }) =>
      (id === finding.id || id === finding.check) && now <= Date.parse(`${until}T23:59:59.999Z`),
  );
}
