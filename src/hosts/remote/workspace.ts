import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Workspace } from '../host.ts';
import { carry, type There } from './carry.ts';
import { systemError } from './shell.ts';
import { startThere } from './start.ts';

/**
 * Its keeper's process id there, its start time and its namespace follow, so that what was left can be told from what is
 * in use: a container may share the directory with its machine. Those of a pgdeck that runs there are called otherwise.
 */
const PREFIX = 'pgdeck-there-';

/*
 * Keeps the directory while its input is open, and removes it when that ends: with the word at the end of the work, or
 * because we are gone, which its first word may be the first to hear; again and again then, for programs that write there
 * have a moment to end, too. It first removes what keepers have left that were killed with their machine or container.
 */
const KEEPER = `umask 077
since() { x=; read -r x <"/proc/$1/stat" 2>/dev/null || return; set -- \${x##*) }; echo "\${20}"; }
w=$(readlink /proc/self/ns/pid) w=\${w#*\\[} w=\${w%\\]}
for d in "$1"/${PREFIX}*; do
  [ -d "$d" ] && [ ! -L "$d" ] && [ -O "$d" ] || continue
  n=\${d##*/${PREFIX}}
  p=\${n%%-*} n=\${n#*-}
  case $p in ''|*[!0-9]*) continue ;; esac
  case $n in *-"$w"-*) ;; *) continue ;; esac
  [ "$(since "$p")" = "\${n%%-*}" ] || rm -rf -- "$d"
done
d=$1/${PREFIX}$$-$(since $$)-$w-$2
mkdir -- "$d" || exit
gone() {
  trap '' HUP INT PIPE TERM
  n=0
  while rm -rf -- "$d" 2>/dev/null; [ -d "$d" ] && [ "$n" -lt 20 ]; do n=$((n + 1)); sleep 0.3 || sleep 1; done
}
trap gone EXIT
trap 'exit 1' HUP INT PIPE TERM
printf '%s/' "$d"
cat >/dev/null
exit 0`;

/** {@link ../host.ts Host.withWorkspace} there. */
export async function workspaceThere<T>(
  there: There,
  temporary: string,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const keeper = await keep(there, temporary);
  try {
    return await work({
      path: (name) => posix.join(keeper.directory, name),
      write: async (name, content) => {
        const path = posix.join(keeper.directory, name);
        const { exitCode, stderr } = await carry(
          there,
          { commands: [{ command: 'sh', args: ['-c', `umask 077; cat >"$1"`, 'sh', path] }] },
          { input: typeof content === 'string' ? content : one(content), env: { LC_ALL: 'C' } },
        );
        if (exitCode !== 0) throw systemError(stderr, path);
        return path;
      },
      directory: async (name) => {
        const path = posix.join(keeper.directory, name);
        // without those above it: the keeper may have removed them, and nobody would do so again
        const { exitCode, stderr } = await carry(
          there,
          { commands: [{ command: 'mkdir', args: ['-m', '700', '--', path] }] },
          { env: { LC_ALL: 'C' } },
        );
        if (exitCode !== 0) throw systemError(stderr, path);
        return path;
      },
    });
  } finally {
    await keeper.remove();
  }
}

async function* one(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function keep(
  there: There,
  temporary: string,
): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  let told = '';
  let onTold: (directory: string) => void = () => {};
  const directory = new Promise<string>((resolve) => {
    onTold = resolve;
  });
  let stderr = '';
  const running = await startThere(
    there,
    'sh',
    ['-c', KEEPER, 'sh', temporary, randomBytes(6).toString('hex')],
    {
      env: { LC_ALL: 'C' },
      outlive: true,
      onStdout: (chunk) => {
        told += chunk.toString();
        if (told.endsWith('/')) onTold(told.slice(0, -1));
      },
      onStderr: (text) => {
        stderr += text;
      },
    },
  );
  const found = await Promise.race([directory, running.exited.then(() => undefined)]);
  if (found === undefined) throw systemError(stderr, temporary);
  return {
    directory: found,
    remove: async () => {
      running.closeInput();
      await running.exited;
    },
  };
}
