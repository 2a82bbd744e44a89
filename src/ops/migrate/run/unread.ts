import type { FormatReader } from '../formats/shared/format.ts';
import type { StatusOfFiles } from '../history/status.ts';
import type { Destination, Only, Problem } from '../types.ts';
import { migrationMeant, plainVersion } from '../version.ts';
import { versionsFor } from './destination.ts';
import { runErrors } from './errors.ts';

/**
 * Refuses to go up past a file that cannot be read or run: it might be one of those that have to be applied before
 * others. Not for a mistake in a way down, in what is applied already, and in what comes after the last one of these.
 */
export function refuseUnread(all: StatusOfFiles, to: Destination | Only): void {
  const { files, status } = all;
  const applied = new Set(
    status.items
      .filter(({ state }) => state !== 'pending' && state !== 'out_of_order')
      .flatMap(({ version }) => [version, plainVersion(version)]),
  );
  const bad = files.problems.filter(
    ({ kind, version }) =>
      kind === 'bad_file' &&
      !(version !== null && (applied.has(version) || applied.has(plainVersion(version)))),
  );
  if (bad.length === 0) return;
  const { reader } = files;
  const last = reader && lastOf(all, to, bad);
  const unread = bad.filter(({ version }) => !isAfter(reader, version, last));
  if (unread.length > 0) throw runErrors.unreadFiles({ problems: unread.map(({ message }) => message) });
}

/** The last version that these reach; undefined where that is all there are, or where it is a file that is not read. */
function lastOf(
  { status, files }: StatusOfFiles,
  to: Destination | Only,
  bad: readonly Problem[],
): string | undefined {
  if (to.kind === 'to') {
    const { version } = to;
    return (
      migrationMeant(status.items, version)?.version ??
      bad.find((one) => one.version !== null && plainVersion(one.version) === plainVersion(version))
        ?.version ??
      undefined
    );
  }
  if (to.kind !== 'steps') return undefined;
  const versions = versionsFor(status, 'up', to, files);
  // fewer than were asked for: what is not read might be the next one
  return versions.length < to.n ? undefined : versions.at(-1);
}

function isAfter(
  reader: FormatReader | undefined,
  version: string | null,
  last: string | undefined,
): boolean {
  if (reader === undefined || version === null || last === undefined || !IN_ORDER.test(last)) return false;
  const placed = (one: string) => ({ version: one, file: `${one}_` });
  return reader.compare(placed(version), placed(last)) > 0;
}

const IN_ORDER = /^B?\d+(\.\d+)*$/;
