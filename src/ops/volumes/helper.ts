import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { docker, inspect } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import type { Host, Running } from '../../hosts/host.ts';
import { openHost } from '../../hosts/open.ts';
import type { Step } from '../engine/plan.ts';
import { volumesErrors } from './errors.ts';
import { mountWords, type Source } from './source.ts';

/** Of containers and volumes that a run of pgdeck makes. */
export const RUN_LABEL = 'pgdeck.run';

/** A client that was killed between making a container and starting it leaves one that nobody starts any more. */
const STALE_MS = 3_600_000;
const PAUSE_MS = 50;
const PATIENCE_MS = 60_000;

export interface Mounted {
  readonly source: Source;
  /** In the helper. */
  readonly at: string;
  readonly writes?: boolean;
}

/** Where the volumes are in a helper that has several. */
export const volumeAt = (n: number): string => `/pgdeck-volume-${n}`;

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
    await sweepStale();
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
    // gone by itself as a rule; what its image declares as a volume goes with it
    await docker(['rm', '-f', '-v', name]).catch(() => {});
  }
}

async function whyNot(name: string): Promise<string> {
  const { stdout } = await docker(['container', 'inspect', '--format', '{{.State.Error}}', name]);
  return stdout.trim() || 'it ended at once';
}

/** Containers that a run has left. Throws CommandError where docker does not answer. */
export const helpersOf = (run: string): Promise<string[]> => idsOf(`label=${RUN_LABEL}=${run}`);

async function idsOf(...filters: readonly string[]): Promise<string[]> {
  const words = filters.flatMap((one) => ['--filter', one]);
  const { stdout } = await docker(['ps', '-aq', '--no-trunc', ...words]);
  return stdout.split('\n').filter((id) => id !== '');
}

/** Removes helpers of any run that were made long ago and never began. */
async function sweepStale(): Promise<void> {
  const ids = await idsOf(`label=${RUN_LABEL}`, 'status=created');
  if (ids.length === 0) return;
  const { stdout } = await docker(['container', 'inspect', '--format', '{{.Id}} {{.Created}}', ...ids]);
  const stale = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at = '']) => Date.now() - Date.parse(at) > STALE_MS)
    .map(([id = '']) => id);
  // what cannot be removed now is tried again by the next one
  if (stale.length > 0) await removeHelpers(stale).catch(() => {});
}

/** Removes helpers, running or not; one that goes by itself meanwhile is no failure. Throws OpError. */
async function removeHelpers(ids: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await docker(['rm', '-f', '-v', ...ids]);
  if (exitCode === 0) return;
  const said = stderr
    .split('\n')
    .filter((line) => line !== '' && !/no such container|in progress/i.test(line));
  if (said.length > 0)
    throw volumesErrors.docker({ what: 'Containers of pgdeck were not removed', said: said.join('\n') });
}

/** The step of `recover` that removes those of a killed run; undefined where it has left none. */
export async function helpersStep(run: string): Promise<Step | undefined> {
  const ids = await helpersOf(run);
  if (ids.length === 0) return undefined;
  return {
    id: 'helpers',
    title: 'Remove the containers that the run has left',
    preview: `docker rm -f -v ${ids.map((id) => id.slice(0, 12)).join(' ')}`,
    run: async () => removeHelpers(ids),
  };
}
