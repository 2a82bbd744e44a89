import type { ContainerOutput } from '../host.ts';
import { run } from '../local.ts';
import { daemonError } from './docker.ts';
import { dockerErrors } from './errors.ts';
import type { Container } from './inspect.ts';

/** A daemon that decodes a large log is slow. */
const TIMEOUT_MS = 60_000;
/** Characters of each stream, the last ones. */
const MOST = 2 ** 25;

/** What docker keeps of a container's output, with the logging drivers that let it be read. */
export function dockerOutput({ id, name: container }: Container): ContainerOutput {
  return {
    tail: async (lines, { signal } = {}) => {
      const { exitCode, stdout, stderr } = await run(
        'docker',
        ['logs', '--timestamps', '--tail', String(lines), id],
        { timeout: TIMEOUT_MS, maxOutput: MOST, ...(signal && { signal }) },
      );
      if (exitCode === 0) return { stdout, stderr };
      if (/no such container/i.test(stderr)) throw dockerErrors.gone({ container });
      if (/logging driver does not support reading/i.test(stderr)) throw dockerErrors.noLog({ container });
      throw daemonError(stderr) ?? dockerErrors.failed({ container, said: stderr });
    },
  };
}
