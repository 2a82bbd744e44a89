import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, PipeCommand } from '../../../../hosts/host.ts';
import type { BackupBytes } from '../../../archive/bytes/bytes.ts';
import { filterProgram, type Redirect, seen } from './filter.ts';

/** Size, and the times of the last write and the last change: no more than text that is the same, or not. */
const STAT = process.platform === 'darwin' ? "stat -L -f '%z %Fm %Fc'" : "stat -L -c '%s %y %z'";

/** Its files are named in a list, as many as there are. */
const MARKS = `LC_ALL=C xargs -0 ${STAT} <`;

/**
 * Lets the rows through, and passes their end on only when the files are what they were: without it psql commits
 * nothing. That is seen in the pipe itself, when everything was read and before the commit.
 */
const PROGRAM = `LC_ALL=C sed -n -f "$1" || exit
[ -s "$2" ] || exit 0
[ "$(${MARKS} "$3" 2>&1)" = "$(cat "$4")" ] || exit 0
printf '%s\n' "$5"
`;

/** The command between the backup and psql; `directory` is for what it needs. Throws {@link Changed}. */
export async function gate(
  host: Host,
  directory: string,
  redirects: readonly Redirect[],
  bytes: BackupBytes,
): Promise<PipeCommand> {
  const [filter, ended, list, marks] = ['rows.sed', 'ended', 'files', 'marks'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string];
  await writeFile(filter, filterProgram(redirects, ended), {
    mode: 0o600,
    encoding: 'latin1',
  });
  await writeFile(list, bytes.paths.map((path) => `${path}\0`).join(''), { mode: 0o600 });
  const { stdout } = await host.run('sh', ['-c', `${MARKS} "$1" 2>&1`, 'pgdeck', list]);
  await writeFile(marks, stdout, { mode: 0o600 });
  // what was noted now is what was looked at then
  await bytes.unchanged();
  return { command: 'sh', args: ['-c', PROGRAM, 'pgdeck', filter, ended, list, marks, seen(0)] };
}
