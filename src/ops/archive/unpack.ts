import type { PipeCommand } from '../../hosts/host.ts';
import type { Backup } from '../repository/repository.ts';

/** The commands that write a text backup as text. */
export function unpack({ kind, archive }: Pick<Backup, 'kind' | 'archive'>): PipeCommand[] {
  if (kind === 'sql.gz') return [{ command: 'gzip', args: ['-d', '-c', '--', archive] }];
  if (kind === 'sql.zst') return [{ command: 'zstd', args: ['-d', '-c', '-q', '--', archive] }];
  return [{ command: 'cat', args: ['--', archive] }];
}

/** The end of the rows for sed, as psql sees it: what follows the one with a carriage return would be no row to it. */
export const END_OF_DATA = String.raw`/^\\\.\r\{0,1\}$/`;

const HEAD = '/^COPY .* FROM stdin;$/';

/** Leaves a dump's text without its rows and large objects; before the head of rows stands its line's number. */
export const OUTLINE = `${HEAD} {
=
p
:data
n
${END_OF_DATA} d
b data
}
/^SELECT pg_catalog\\.lowrite(/ d
/^INSERT INTO / d
p
`;
