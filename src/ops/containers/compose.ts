import type { Host } from '../../hosts/host.ts';
import { shWord } from '../../text/shell.ts';

/** Where a project's containers were made from. */
export interface ProjectFiles {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
}

/** A command of compose as it is run. */
export interface ComposeCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The client of compose on a host: docker's plugin, else the program of its own; undefined for neither. */
export async function composeClient(host: Host): Promise<readonly string[] | undefined> {
  for (const [program = '', ...words] of [['docker', 'compose'], ['docker-compose']]) {
    const asked = await host.run(program, [...words, 'version'], { timeout: 20_000 }).catch(() => undefined);
    if (asked?.exitCode === 0) return [program, ...words];
  }
  return undefined;
}

export function composeCommand(
  client: readonly string[],
  { name, directory, files }: ProjectFiles,
  ...words: readonly string[]
): ComposeCommand {
  const [command = 'docker-compose', ...first] = client;
  const named = files.flatMap((file) => ['-f', file]);
  return {
    command,
    args: [...first, '-p', name, '--project-directory', directory, ...named, ...words],
  };
}

export const commandText = ({ command, args }: ComposeCommand): string =>
  [command, ...args].map(shWord).join(' ');
