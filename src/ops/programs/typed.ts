import type { Host, PipeCommand } from '../../hosts/host.ts';
import { shellWord } from '../../text/shell.ts';

/** Commands as a person would type them on this machine to run them on that host. */
export function typed(host: Pick<Host, 'typed'>, commands: readonly PipeCommand[]): string {
  return (
    host.typed?.(commands) ??
    commands.map(({ command, args }) => [command, ...args].map(shellWord).join(' ')).join(' | ')
  );
}
