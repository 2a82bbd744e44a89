import { shellWord } from '../../text/shell.ts';
import { bytes as inBytes } from '../../text/units.ts';
import { cancelled, defineErrors, failed, refused } from '../error.ts';

interface At {
  /** Label of the store. */
  readonly store: string;
}

const KEPT = 'Nothing is listed there that is not whole; the backups here are untouched.';

export const remoteErrors = defineErrors('remote', {
  none: () =>
    refused(
      'No place for copies is set up.',
      'Add it to the profile in the settings file, such as "backup": {"remote": {"kind": "s3", "bucket": "backups", "prefix": "prod"}}.',
    ),
  unreachable: ({ store, said }: At & { said: string }) =>
    failed(`${store} cannot be reached: ${said}. ${KEPT}`, 'Try again when it is up.'),
  denied: ({ store, what, said }: At & { what: string; said: string }) =>
    failed(
      `${store} does not let us ${what}: ${said}. ${KEPT}`,
      'Check the credentials, and what they may do there.',
    ),
  noCredentials: ({ store }: At) =>
    refused(
      `There are no credentials for ${store}.`,
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with ~/.aws/credentials.',
    ),
  noBucket: ({ store, bucket }: At & { bucket: string }) =>
    refused(`${store}: there is no bucket ${bucket}.`, 'Make it, or fix "bucket" in the profile.'),
  failing: ({ store, what, said }: At & { what: string; said: string }) =>
    failed(
      `${store} could not ${what}: ${said}. ${KEPT}`,
      'Try again later; what was sent whole is not sent again.',
    ),
  full: ({ store }: At) =>
    failed(`There is no room left in ${store}. ${KEPT}`, 'Make room there: pgdeck backups prune --remote'),
  absent: ({ store, path }: At & { path: string }) =>
    refused(
      `${store === path ? path : `${path} of ${store}`} is not there: the disk may not be mounted.`,
      'Mount it, or make the directory.',
    ),
  missing: ({ store, path }: At & { path: string }) =>
    failed(
      `${path} is not in ${store} any more, though its copy names it.`,
      'Nothing of it is kept. Use another copy; where the backup is still here, push it again.',
    ),
  unmounted: ({ store, marker }: At & { marker: string }) =>
    refused(
      `${store} has no ${marker}, which the first copy has left there: the disk may not be mounted.`,
      `Mount it; where it is another disk now: touch ${marker} there.`,
    ),
  cut: ({ store, path, got, size }: At & { path: string; got: number; size: number }) =>
    failed(
      `${path} came from ${store} only in part: ${inBytes(got)} of ${inBytes(size)}, and it was asked for several times.`,
      'Nothing of it is kept. Try again.',
    ),
  altered: ({ store, path }: At & { path: string }) =>
    failed(
      `${path} in ${store} is not what was stored: its checksum differs.`,
      'Nothing of it is kept. Use another copy, and look after that storage.',
    ),
  noIdentity: ({ place }: { place: string }) =>
    refused(
      `${place} has no identity of age: its lines are AGE-SECRET-KEY-1…, and comments.`,
      'Give the file that age-keygen made.',
    ),
  identityFile: ({ path, said }: { path: string; said: string }) =>
    refused(
      said === 'ENOENT'
        ? `There is no file ${path}, which should have the identity.`
        : `The identity in ${path} cannot be read: ${said}.`,
      said === 'ENOENT'
        ? 'Name the file that has it: --identity FILE.'
        : 'Fix its permissions, or name another file with --identity.',
    ),
  notAgreed: ({ id }: { id: string }) =>
    refused(
      `${id} would be encrypted, and nobody has confirmed yet that without the identity nothing can be restored from it.`,
      `Confirm it once, on a terminal or with --confirm: pgdeck backups push ${shellWord(id)}`,
    ),
  needsIdentity: ({ id }: { id: string }) =>
    refused(
      `${id} is encrypted, and no identity was given.`,
      'Give it: --identity FILE, PGDECK_AGE_IDENTITY, or "identity_file" in the profile.',
    ),
  noCopy: ({ store, id }: At & { id: string }) =>
    refused(`There is no copy ${id} in ${store}.`, 'See what there is with: pgdeck backups list --remote'),
  noNewest: ({ store, database }: At & { database: string }) =>
    refused(
      `${store} has no copy of a verified backup of all of ${database}.`,
      'See what there is with: pgdeck backups list --remote',
    ),
  unfinished: ({ store, id }: At & { id: string }) =>
    refused(
      `What ${store} has of ${id} is no copy: it was never finished.`,
      `Send the rest from where the backup is: pgdeck backups push ${id}`,
    ),
  taken: ({ store, id, path }: At & { id: string; path: string }) =>
    refused(
      `${store} has a ${id} that pgdeck has not put there: ${path} is no file of this backup.`,
      'Fix "path" or "prefix" of "remote" in the profile.',
    ),
  another: ({ store, id, made }: At & { id: string; made: string }) =>
    refused(
      `${store} has another backup of the name ${id}, made ${made}. It stays.`,
      'Another prefix keeps them apart: fix "remote" in the profile.',
    ),
  same: ({ path }: { path: string }) =>
    refused(
      `${path} is where the backups themselves are: a copy there would be no other.`,
      'Fix "path" of "remote" in the profile: a disk or a directory elsewhere.',
    ),
  otherManifest: ({ store, id }: At & { id: string }) =>
    failed(
      `The manifest in the copy of ${id} in ${store} is of other files than the copy has. Nothing of it is kept.`,
      'Use another copy.',
    ),
  otherIdentity: ({ store, path }: At & { path: string }) =>
    refused(
      `${path} in ${store} is encrypted for others than the identity that was given.`,
      'Give the identity that belongs to one of its recipients: --identity FILE, or PGDECK_AGE_IDENTITY.',
    ),
  otherBytes: ({ path }: { path: string }) =>
    failed(
      `${path} is not what its manifest says: its checksum differs. It is not copied.`,
      'Verify the backup: pgdeck backups verify',
    ),
  notWhole: ({ store, path, there, size }: At & { path: string; there: number; size: number }) =>
    failed(
      `${store} has ${inBytes(there)} of ${path} after it said that all ${inBytes(size)} were stored. ${KEPT}`,
      'Look after that storage; another attempt sends it again.',
    ),
  cancelled: ({ store }: At) => cancelled(`Cancelled. ${store}: ${KEPT}`),
});
