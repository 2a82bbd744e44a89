import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { docker, inspect } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import type { Host, Running } from '../../hosts/host.ts';
import { openHost } from '../../hosts/open.ts';
import { volumesErrors } from './errors.ts';
import { mountWords, type Source } from './source.ts';

/** Of containers and volumes that a run of pgdeck makes. */
export const RUN_LABEL = 'pgdeck.run';

const PAUSE_MS = 50;
const PATIENCE_MS = 60_000;

export interface Mounted {
  readonly source: Source;
  /** In the helper. */
  readonly at: string;
  readonly writes?: boolean;
}

export interface HelperOptions {
  /** This machine, where docker's client runs. */
  readonly here: Host;
  /** The server's: its image is there already, and has a shell. */
  readonly container: Container;
  readonly mounts: readonly Mounted[];
  /** Why, in a few words. */
  readonly what: string;
  /** Of a run, that `recover` finds it by. */
  readonly run?: string;
  readonly signal?: AbortSignal;
}

/** The words of `docker create` of a container that does nothing, has no network, and ends when we do. */
export function helperWords({ container, mounts, run }: Pick<HelperOptions, 'container' | 'mounts' | 'run'>) {
  return [
    ...['create', '-i', '--rm', '--network', 'none', '--user', '0', '--entrypoint', 'cat'],
    ...['--label', `${RUN_LABEL}=${run ?? 'plan'}`],
    ...mounts.flatMap(({ source, at, writes = false }) => mountWords(source, at, writes)),
    container.imageId,
  ];
}

/**
 * Works in a container beside the server's, of the same image, that has nothing but the volumes. Its first process reads
 * our end of a pipe: it ends with us, however we end. Throws OpError where it cannot be started.
 */
export async function withHelper<T>(options: HelperOptions, work: (host: Host) => Promise<T>): Promise<T> {
  const { here, what, signal } = options;
  const name = `pgdeck-${randomBytes(6).toString('hex')}`;
  const [create = '', ...words] = helperWords(options);
  let client: Running | undefined;
  try {
    // not to be cancelled: the daemon may make one after its client has gone
    const made = await docker([create, '--name', name, ...words]);
    if (made.exitCode !== 0) throw volumesErrors.helper({ what, said: made.stderr.trim() });
    signal?.throwIfAborted();
    client = await here.start('docker', ['start', '-a', '-i', name]);
    for (const began = performance.now(); ; await delay(PAUSE_MS, undefined, { signal })) {
      if (client.exit !== undefined || performance.now() - began > PATIENCE_MS)
        throw volumesErrors.helper({ what, said: await whyNot(name) });
      const seen = await inspect(name).catch(() => undefined);
      if (seen?.running) break;
    }
    return await work(await openHost({ kind: 'docker', container: name }, signal));
  } finally {
    client?.closeInput();
    await Promise.race([client?.exited, delay(5_000, undefined, { ref: false })]);
    // gone by itself as a rule
    await docker(['rm', '-f', name]).catch(() => {});
  }
}

async function whyNot(name: string): Promise<string> {
  const { stdout } = await docker(['container', 'inspect', '--format', '{{.State.Error}}', name]);
  return stdout.trim() || 'it ended at once';
}

/** Containers that a run has left. */
export async function helpersOf(run: string): Promise<string[]> {
  const { stdout } = await docker(['ps', '-aq', '--filter', `label=${RUN_LABEL}=${run}`]);
  return stdout.split('\n').filter((id) => id !== '');
}
