import { uncapital } from '../../../text/capital.ts';
import { defineErrors, failed, OpError, type Words } from '../../error.ts';

/** The bytes are not those that were written: no program that reads them can tell. */
export class Damage extends OpError {}

/** Somebody wrote to a file while it was read: neither what it was nor what it is was read. */
export class Changed extends OpError {}

/** A backup could not be tried, for a reason that is not its own: that proves nothing, and speaks against nothing. */
export class Untried extends OpError {}

const OTHER = 'Use another backup: pgdeck backups list';

export const damageErrors = defineErrors(
  'archive',
  {
    missing: ({ path }: { path: string }) => failed(`${path} is missing.`, OTHER),
    otherSize: ({ path, bytes, recorded }: { path: string; bytes: number; recorded: number }) =>
      failed(`${path} has ${bytes} bytes instead of ${recorded}.`, OTHER),
    otherBytes: ({ path }: { path: string }) =>
      failed(`${path} was changed: its checksum is not the one that was recorded.`, OTHER),
    foreign: ({ path }: { path: string }) =>
      failed(`${path} does not belong to it, and would be read in its place.`, OTHER),
  },
  Damage,
);

export const changedErrors = defineErrors(
  'archive',
  {
    changed: ({ path }: { path: string }) =>
      failed(`${path} was changed while it was read.`, 'See who writes there, and try again.'),
  },
  Changed,
);

export const untriedErrors = defineErrors(
  'archive',
  {
    sameBytes: ({ id, why }: { id: string; why: string }) =>
      untried(id, `every byte of it is as it was written, and yet: ${why}`),
  },
  Untried,
);

/** That a backup could not be tried; `why`: sentences. */
export function untried(id: string, why: string, next?: string): Words {
  // names keep their letters
  const clause = /^(A|All|It|No|The|There|This)\b/.test(why) ? uncapital(why) : why;
  const end = /[.!?]$/.test(clause) ? '' : '.';
  return failed(
    `${id} could not be tried, because ${clause}${end} That says nothing of the backup, whose status stays as it is.`,
    next,
  );
}
