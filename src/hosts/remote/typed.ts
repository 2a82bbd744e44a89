import { shellWord } from '../../text/shell.ts';
import type { PipeCommand } from '../host.ts';
import type { Way } from './way.ts';

/** Commands as a person types them on this machine to run them there. */
export function typedBy({ typed }: Pick<Way, 'typed'>, commands: readonly PipeCommand[]): string {
  const line = commands.map(({ command, args }) => [command, ...args].map(shellWord).join(' ')).join(' | ');
  if (typed === undefined) return line;
  const words = typed.words.map(shellWord).join(' ');
  if (typed.again) return `${words} ${shellWord(line)}`;
  return commands.length > 1 ? `${words} sh -c ${shellWord(line)}` : `${words} ${line}`;
}
