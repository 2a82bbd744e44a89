import { open, rm } from 'node:fs/promises';
import type { Host, PipeCommand, PipeOptions, RunOptions, RunResult, Transfer } from '../host.ts';
import { carry, type There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import { factsThere, type PlaceFacts } from './facts.ts';
import { filesThere } from './files.ts';
import { pipeThere } from './pipe.ts';
import { startThere } from './start.ts';
import { transferThere } from './transfer.ts';
import { typedBy } from './typed.ts';
import type { Way } from './way.ts';
import { workspaceThere } from './workspace.ts';

/** A host that a way leads to. It stays one run of its place: after a restart there it is of no use any more. */
export interface RemoteHost extends Host {
  readonly kind: Way['kind'];
  readonly transfer: Transfer;
  readonly facts: PlaceFacts;
}

/** Where programs lie when the shell there says nothing of it. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Asks once what is there. Throws {@link CommandError} when it is not reached, or has no shell that commands need. */
export async function openRemote(way: Way, signal?: AbortSignal): Promise<RemoteHost> {
  const there: There = { way, place: { seen: '-' } };
  const facts = await factsThere(there, signal);
  there.place.gmac = facts.gmac;
  const path = facts.environment.PATH ?? PATH;
  return {
    kind: way.kind,
    label: way.label,
    facts,
    run: (command, args, options = {}) => toFile([{ command, args }], options),
    pipe: (commands, options = {}) => toFile(commands, options),
    start: (command, args, options = {}) => startThere(there, command, args, options),
    withWorkspace: (work) => workspaceThere(there, facts.temporary, work),
    transfer: { ...transferThere(there), verifiedBy: facts.verifiedBy },
    files: filesThere(there, facts.directory),
    temporary: facts.temporary,
    processors: facts.processors,
    platform: 'linux',
    environment: facts.environment,
    searchPath: () => path.split(':').filter((directory) => directory !== ''),
    typed: (commands) => typedBy(way, commands),
    close: () => way.close?.(),
    pgdeck: async () => {
      throw remoteErrors.noPgdeck({ label: way.label });
    },
  };

  /** What goes to a file goes to one of this machine, which is removed where the output did not come whole. */
  async function toFile(
    commands: readonly PipeCommand[],
    options: RunOptions & PipeOptions,
  ): Promise<RunResult> {
    const { stdoutTo, input: text, inputFrom, ...rest } = options;
    const input = inputFrom ?? text;
    if (stdoutTo === undefined) {
      const [only] = commands;
      if (commands.length === 1 && only !== undefined) return carry(there, { commands }, { ...rest, input });
      return pipeThere(there, commands, { ...rest, input });
    }
    const file = await open(stdoutTo, 'w+', 0o600);
    try {
      const result = await pipeThere(there, commands, { ...rest, input, file, sink: () => {} });
      await file.close();
      return result;
    } catch (error) {
      await file.close();
      await rm(stdoutTo, { force: true });
      throw error;
    }
  }
}
