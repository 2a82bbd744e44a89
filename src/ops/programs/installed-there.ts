import { CommandError, type Host } from '../../hosts/host.ts';
import { directoriesOf, versionedPatterns } from '../../hosts/installations.ts';
import { type Installation, installation, type Wanted } from './installation.ts';
import type { ClientProgram } from './package.ts';

/** For all that is installed there together: a program that does not answer holds up those behind it. */
const ASKED_MS = 30_000;

/**
 * The programs of each directory with what they say for themselves, as words that end with a NUL. A directory behind `p`
 * is one of PATH and counts where it holds the first program itself; behind `g` it is a pattern.
 */
const LOOK = `programs=$1; shift
first=\${programs%% *}
look() {
  for p in $programs; do
    if [ -f "$1/$p" ] && [ -x "$1/$p" ] && v=$("$1/$p" --version </dev/null 2>/dev/null)
    then printf '%s\\0' "$1" "$p" "$v"; fi
  done
}
for one do
  d=\${one#?}
  case $one in
    p*) r=$(readlink -f -- "$d/$first" 2>/dev/null); [ "\${r##*/}" != "$first" ] || look "$d" ;;
    g*) for d in $d; do look "$d"; done ;;
    *) look "$d" ;;
  esac
done
exit 0`;

/** {@link file://./installed.ts installed} of another host, by one command. Throws {@link CommandError}. */
export async function installedThere(host: Host, wanted: Wanted): Promise<Installation[]> {
  const { only, major, env, programs } = wanted;
  const path = [...new Set(host.searchPath(env).filter((one) => one.startsWith('/')))];
  const places =
    only === undefined
      ? [
          ...directoriesOf(major).map((one) => `d${one}`),
          ...path.map((one) => `p${one}`),
          ...versionedPatterns.map((one) => `g${one}`),
        ]
      : [`d${only}`];
  const chunks: Buffer[] = [];
  try {
    await host.run('sh', ['-c', LOOK, 'sh', programs.join(' '), ...places], {
      env: { LC_ALL: 'C' },
      timeout: ASKED_MS,
      onStdout: (chunk) => chunks.push(chunk),
    });
  } catch (error) {
    // as on this machine: one that does not answer is none, and the best were asked before it
    if (!(error instanceof CommandError && error.kind === 'timeout')) throw error;
  }
  const said = new Map<string, Map<ClientProgram, string>>();
  const words = Buffer.concat(chunks).toString().split('\0');
  for (let at = 0; at + 2 < words.length; at += 3) {
    const [directory = '', program = '', text = ''] = words.slice(at, at + 3);
    const known = said.get(directory) ?? new Map<ClientProgram, string>();
    said.set(directory, known.set(program as ClientProgram, text));
  }
  return [...said].flatMap(([directory, versions]) => installation(directory, wanted, versions) ?? []);
}
