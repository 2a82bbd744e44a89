import { CommandError } from '../host.ts';
import { type CarryOptions, carry, type There } from './carry.ts';

/** What the programs of the shell say, by the system's code; they are asked in the C locale. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/no such file|nonexistent|not found/i, 'ENOENT'],
  [/file exists|existing file/i, 'EEXIST'],
  [/permission denied|can't cd/i, 'EACCES'],
  [/not a directory/i, 'ENOTDIR'],
  [/is a directory/i, 'EISDIR'],
  [/no space left/i, 'ENOSPC'],
  [/quota exceeded/i, 'EDQUOT'],
  [/read-only file system/i, 'EROFS'],
  [/too many levels|symbolic link loop/i, 'ELOOP'],
  [/name too long/i, 'ENAMETOOLONG'],
  [/not permitted/i, 'EPERM'],
  [/file too large/i, 'EFBIG'],
];

/** An error as the system's own calls throw it. */
export function systemError(said: string, path: string): Error {
  const text = said.trim().split('\n').at(-1) ?? '';
  // the path stands in it, and may read like anything
  const why = text.replaceAll(path, '');
  const code = CODES.find(([pattern]) => pattern.test(why))?.[1] ?? 'EIO';
  return Object.assign(new Error(`${code}: ${text}, '${path}'`), { code, path });
}

/**
 * Runs lines of the shell there; its arguments are `$1` and so on, and its output comes as bytes. Throws the system's
 * error about the path where they fail, and {@link CommandError}.
 */
export async function shell(
  there: There,
  script: string,
  args: readonly string[],
  options: Pick<CarryOptions, 'input' | 'signal'> & { readonly about: string },
): Promise<Buffer> {
  const { about, ...rest } = options;
  const chunks: Buffer[] = [];
  const { exitCode, stderr } = await carry(
    there,
    { commands: [{ command: 'sh', args: ['-c', script, 'sh', ...args] }] },
    { ...rest, env: { LC_ALL: 'C' }, sink: (chunk) => void chunks.push(chunk) },
  );
  if (exitCode === 0) return Buffer.concat(chunks);
  if (/stat: not found|stat: command not found/.test(stderr))
    throw new CommandError('missing', `stat was not found in ${there.way.label}: install it there.`, stderr);
  throw systemError(stderr, about);
}
