import { shWord } from '../../../text/shell.ts';
import type { OpContext } from '../../engine/operation.ts';

/** How a server is restarted: a command, and the machine that it is run on. It is kept in the journal. */
export interface Way {
  readonly kind: 'docker' | 'command' | 'pg_ctl';
  /** `here`: this machine; `host`: where the server's programs are. */
  readonly on: 'here' | 'host';
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  /** The container that is restarted with it. */
  readonly container?: string;
  /** The file that the server writes to, on the host. */
  readonly log?: string;
}

/** As people read it. */
export function wayText({ command, args, on }: Way, context: Pick<OpContext, 'host'>): string {
  const words = command === 'sh' ? (args.at(-1) ?? '') : [command, ...args].map(shWord).join(' ');
  return on === 'here' || context.host.kind === 'local' ? words : `${words}   (on ${context.host.label})`;
}

/** How a container that has stopped is started: once is enough, where it runs already nothing is done. */
export function startOf(way: Way): Way {
  if (way.container === undefined || way.kind !== 'docker') return way;
  return { ...way, command: 'docker', args: ['start', way.container] };
}

/** Runs it; why it has failed, undefined where it has not. */
export async function goWay(
  way: Way,
  { host, here }: Pick<OpContext, 'host' | 'here'>,
  { signal, line }: { readonly signal: AbortSignal; readonly line: (text: string) => void },
  seconds: number,
): Promise<string | undefined> {
  const place = way.on === 'here' ? here : host;
  const { exitCode, stderr, stdout } = await place.run(way.command, way.args, {
    signal,
    timeout: seconds * 1000,
    maxOutput: 32 * 1024,
    onLine: (text) => line(text),
    ...(way.uid !== undefined && { uid: way.uid }),
    ...(way.gid !== undefined && { gid: way.gid }),
    ...(way.kind === 'pg_ctl' && { cwd: '/' }),
  });
  if (exitCode === 0) return undefined;
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-6).join('\n');
  return `exit code ${exitCode}${said === '' ? '.' : `: ${said}`}`;
}
