import { SECRET_VARIABLES } from '../../config/secret-variables.ts';
import type { There } from './carry.ts';
import { shell } from './shell.ts';
import { KNOWS_GMAC } from './sum.ts';

/** What is known of a place after one question. */
export interface PlaceFacts {
  /** The directory in which commands begin. */
  readonly directory: string;
  readonly temporary: string;
  readonly processors: number;
  /** User id there. */
  readonly uid: number;
  /** As the programs there get it, without passwords. */
  readonly environment: Readonly<Record<string, string>>;
  /** Programs that are missing there, of those that make more possible: {@link TOOLS}. */
  readonly lacks: readonly string[];
  /** What copies and streams are compared by: only their length where `sha256sum` is missing. */
  readonly verifiedBy: 'sha256' | 'bytes';
  /** It reckons over much by GMAC, which costs least. */
  readonly gmac: boolean;
}

/**
 * `sha256sum`: streams are compared by their content. `setsid`: a program's children are ended with it by its group.
 * `stat`, `readlink`, `df`: what is told of files.
 */
export const TOOLS = ['sha256sum', 'setsid', 'stat', 'readlink', 'df', 'mkfifo'] as const;

/** Parts of the answer end with a NUL, since paths may hold anything else. */
const ASK = `pwd; printf '\\0'
printf '%s\\0' "\${TMPDIR:-/tmp}"
n=0; while read -r a b; do [ "$a" = processor ] && n=$((n+1)); done </proc/cpuinfo; printf '%s\\0' "$n"
c=$(cat /sys/fs/cgroup/cpu.max 2>/dev/null) || c="$(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us) $(cat /sys/fs/cgroup/cpu/cpu.cfs_period_us)"
printf '%s\\0' "$c"
while read -r a b; do case $a in Uid:) echo \${b%%[!0-9]*} ;; Cpus_allowed_list:) echo "$b" ;; esac; done </proc/self/status
printf '\\0'
for x in ${TOOLS.join(' ')}; do command -v "$x" >/dev/null || printf '%s ' "$x"; done; printf '\\0'
${KNOWS_GMAC}; printf '\\0'
exec cat /proc/self/environ`;

/** Throws {@link CommandError} where the place is not reached or has no shell. */
export async function factsThere(there: There, signal?: AbortSignal): Promise<PlaceFacts> {
  const bytes = await shell(there, `{ ${ASK}; } 2>/dev/null`, [], {
    about: 'the shell',
    ...(signal && { signal }),
  });
  const [directory = '/', temporary = '/tmp', all, cpu = '', status = '', lacking = '', gmac, ...environ] =
    bytes.toString().split('\0');
  const [uid = '', allowed = ''] = status.trim().split('\n');
  const lacks = lacking.split(' ').filter((name) => name !== '');
  return {
    directory: directory.replace(/\n$/, ''),
    temporary,
    processors: processors(Number(all), cpu, allowed),
    uid: Number(uid),
    environment: environment(environ),
    lacks,
    verifiedBy: gmac !== 'gmac' && lacks.includes('sha256sum') ? 'bytes' : 'sha256',
    gmac: gmac === 'gmac',
  };
}

/** As many as its cgroup lets it use at once, of those that it may run on. */
function processors(all: number, cpu: string, allowed: string): number {
  const [quota = Number.NaN, period = Number.NaN] = cpu.trim().split(/\s+/).map(Number);
  const share = quota > 0 && period > 0 ? Math.ceil(quota / period) : Number.POSITIVE_INFINITY;
  const listed = allowed
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [from = Number.NaN, to = from]) => sum + (to - from + 1), 0);
  return Math.max(1, Math.min(share, listed > 0 ? listed : Number.POSITIVE_INFINITY, all > 0 ? all : 1));
}

const SECRETS: ReadonlySet<string> = new Set(['PGPASSWORD', ...SECRET_VARIABLES, 'LC_ALL']);

function environment(entries: readonly string[]): Record<string, string> {
  const pairs = entries
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const)
    .filter(([name]) => name !== '' && !SECRETS.has(name) && !/PASSWORD|SECRET|TOKEN/.test(name));
  return Object.fromEntries(pairs);
}
