/** A finding that somebody knows of and lives with until a date. */
export interface Waiver {
  /** The id of the finding; that of a check waives all of its findings. */
  readonly id: string;
  /** The last day, `2026-12-31`, to its end in UTC. */
  readonly until: string;
  readonly reason: string;
}

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
