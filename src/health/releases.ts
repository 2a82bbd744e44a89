/** The day of the releases that {@link RELEASES} knows. */
export const RELEASES_AS_OF = '2026-11-12';

/** The newest minor release of a major version, and the day after which there are no more. */
export interface Release {
  readonly minor: number;
  readonly endOfLife: string;
}

/** By major version. One that is not here is newer than this table. */
export const RELEASES: Readonly<Record<number, Release>> = {
  13: { minor: 23, endOfLife: '2025-11-13' },
  14: { minor: 25, endOfLife: '2026-11-12' },
  15: { minor: 20, endOfLife: '2027-11-11' },
  16: { minor: 16, endOfLife: '2028-11-09' },
  17: { minor: 12, endOfLife: '2029-11-08' },
  18: { minor: 6, endOfLife: '2030-11-14' },
};
