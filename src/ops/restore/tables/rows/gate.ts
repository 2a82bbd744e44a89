import type { Host, PipeCommand, Workspace } from '../../../../hosts/host.ts';
import { filterProgram, type Redirect, seen } from './filter.ts';

/** Size, and the times of the last write and the last change: no more than text that is the same, or not. */
const statOf = ({ platform }: Pick<Host, 'platform'>) =>
  platform === 'darwin' ? "stat -L -f '%z %Fm %Fc'" : "stat -L -c '%s %y %z'";

/** The files are named in a list, as many as there are. */
const marksOf = (host: Pick<Host, 'platform'>) => `LC_ALL=C xargs -0 ${statOf(host)} <`;

/**
 * Lets the rows through, and passes their end on only when the files are what they were: without it psql commits
 * nothing. That is seen in the pipe itself, when everything was read and before the commit.
 */
const programOf = (host: Pick<Host, 'platform'>) => `LC_ALL=C sed -n -f "$1" || exit
[ -s "$2" ] || exit 0
[ ! -s "$3" ] || [ "$(${marksOf(host)} "$3" 2>&1)" = "$(cat "$4")" ] || exit 0
printf '%s\n' "$5"
`;

/** The command between the backup and psql; `workspace` is for what it needs, `files` are what the rows are read from. */
export async function gate(
  host: Host,
  workspace: Workspace,
  redirects: readonly Redirect[],
  files: readonly string[],
): Promise<PipeCommand> {
  const ended = workspace.path('ended');
  const filter = await workspace.write('rows.sed', Buffer.from(filterProgram(redirects, ended), 'latin1'));
  const list = await workspace.write('files', files.map((path) => `${path}\0`).join(''));
  const { stdout } = await host.run('sh', ['-c', `${marksOf(host)} "$1" 2>&1`, 'pgdeck', list]);
  const marks = await workspace.write('marks', stdout);
  return { command: 'sh', args: ['-c', programOf(host), 'pgdeck', filter, ended, list, marks, seen(0)] };
}
