import { docker } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import type { Host } from '../../hosts/host.ts';
import { plural } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import { contentsOf, ownerWords, PLAIN } from './content.ts';
import { volumesErrors } from './errors.ts';
import { type Mounted, RUN_LABEL, withHelper } from './helper.ts';
import { type Source, volumeExists } from './source.ts';
import { writersOf } from './users.ts';

/** Label of a volume with what another one held: its name. */
export const OF_LABEL = 'pgdeck.of';

const AT = '/pgdeck-volume';
const KEPT = '/pgdeck-kept';
/** Dot files, too, and whatever they are called. */
export const CLEAR = ['find', AT, '-mindepth', '1', '-maxdepth', '1', '-exec', 'rm', '-rf', '--', '{}', '+'];
export const COPY = ['cp', '-a', `${AT}/.`, `${KEPT}/`];
export const COPY_BACK = ['cp', '-a', `${KEPT}/.`, `${AT}/`];

/** A volume whose content is replaced. */
export interface Place {
  readonly name: string;
  readonly source: Source;
  /** The volume that gets what was there; undefined where there was nothing. */
  readonly kept: string | undefined;
}

type Around = Pick<OpContext, 'here'> & { readonly container: Container };
type Io = Pick<StepIo, 'run' | 'signal' | 'line'>;

/** Works with a volume and the one that keeps what was there. */
function withBoth<T>(
  io: Io,
  { here, container }: Around,
  { name, source, kept }: Place,
  writes: 'volume' | 'kept' | 'nothing',
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const mounts: Mounted[] = [
    { source, at: AT, writes: writes === 'volume' },
    ...(kept === undefined
      ? []
      : [{ source: { kind: 'volume', name: kept } as const, at: KEPT, writes: writes === 'kept' }]),
  ];
  const { run, signal } = io;
  return withHelper({ here, container, mounts, run, signal, what: `work with ${name}` }, work);
}

/** Copies what is in a volume into a new one, and compares the two. Throws OpError, CommandError. */
export async function keep(
  io: Io,
  around: Around,
  place: Place & { readonly kept: string },
): Promise<string> {
  const { name, kept } = place;
  await makeVolume(io, kept, name);
  return withBoth(io, around, place, 'kept', async (host) => {
    await inside(host, COPY, kept, io.signal);
    const before = await contentsOf(host, AT, name, io.signal);
    const copied = await contentsOf(host, KEPT, kept, io.signal);
    if (before.digest !== copied.digest) throw volumesErrors.notCopied({ volume: name, kept });
    io.line(`${kept} has what is in ${name}: ${plural(before.files, 'file')}`);
    return before.digest;
  });
}

/** Throws OpError where somebody else may write to it now. */
export async function refuseWriters(io: Pick<StepIo, 'run'>, { name, source }: Place): Promise<void> {
  const by = await writersOf(source, io.run);
  if (by.length > 0) throw volumesErrors.inUse({ volume: name, by: by.join(', ') });
}

/**
 * Empties a volume, unpacks an archive of this machine into it, and compares what is there then with what was archived.
 * Throws OpError, CommandError; the volume has anything then.
 */
export async function unpackInto(
  io: Io & Pick<StepIo, 'crashPoint'>,
  around: Around,
  place: Place,
  { file, digest }: { readonly file: string; readonly digest: string },
): Promise<void> {
  const { name } = place;
  await withBoth(io, around, { ...place, kept: undefined }, 'volume', async (host) => {
    await host.withWorkspace(async (workspace) => {
      const there = workspace.path('volume.tar.gz');
      if (host.transfer === undefined) throw volumesErrors.unpack({ volume: name, said: 'no way to it' });
      await host.transfer.put(file, there, { signal: io.signal });
      await inside(host, CLEAR, name, io.signal);
      io.crashPoint('fill:cleared');
      const owner = await ownerWords(host);
      const { exitCode, stderr, program } = await host.pipe(
        [
          { command: 'gzip', args: ['-dc', there] },
          { command: 'tar', args: ['-xpf', '-', ...owner, '-C', AT] },
        ],
        { signal: io.signal, env: PLAIN, maxOutput: 1 << 16 },
      );
      if (exitCode !== 0)
        throw volumesErrors.unpack({ volume: name, said: `${program ?? 'tar'}: ${lastLines(stderr)}` });
      io.crashPoint('fill:unpacked');
      await compare(host, name, digest, io.signal);
    });
  });
}

/** Empties a volume and puts back what another one has. Throws OpError, CommandError. */
export async function putBack(
  io: Io & Pick<StepIo, 'crashPoint'>,
  around: Around,
  place: Place & { readonly kept: string },
): Promise<string> {
  const { name, kept } = place;
  if (!(await volumeExists(kept))) throw volumesErrors.keptGone({ kept });
  return withBoth(io, around, place, 'volume', async (host) => {
    await inside(host, CLEAR, name, io.signal);
    io.crashPoint('fill:cleared');
    await inside(host, COPY_BACK, name, io.signal);
    const { digest } = await contentsOf(host, KEPT, kept, io.signal);
    await compare(host, name, digest, io.signal);
    return digest;
  });
}

async function compare(host: Host, name: string, digest: string, signal: AbortSignal): Promise<void> {
  const now = await contentsOf(host, AT, name, signal);
  if (now.digest !== digest) throw volumesErrors.notAsArchived({ volume: name });
}

async function inside(
  host: Host,
  [command = '', ...args]: readonly string[],
  volume: string,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await host.run(command, args, { signal, env: PLAIN, maxOutput: 1 << 16 });
  if (exitCode !== 0) throw volumesErrors.unpack({ volume, said: `${command}: ${lastLines(stderr)}` });
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-6).join('\n');

/** Removes a volume that a run of pgdeck has made, and no other. It need not be there. Throws OpError. */
export async function removeVolume(name: string, run: string): Promise<void> {
  if (await isMadeBy(name, run)) await dockerOk(['volume', 'rm', name], `${name} was not removed`);
}

/** Whether there is a volume of this name that a run has made. */
export async function isMadeBy(name: string, run: string): Promise<boolean> {
  const format = `{{index .Labels "${RUN_LABEL}"}}`;
  const { exitCode, stdout } = await docker(['volume', 'inspect', '--format', format, name]);
  return exitCode === 0 && stdout.trim() === run;
}

/** Makes a volume that is not there. Throws OpError where it is: somebody has made it meanwhile. */
export async function makeVolume(io: Pick<StepIo, 'run'>, name: string, of: string): Promise<void> {
  if (await volumeExists(name)) throw volumesErrors.thereNow({ volume: name });
  const labels = ['--label', `${RUN_LABEL}=${io.run}`, '--label', `${OF_LABEL}=${of}`];
  await dockerOk(['volume', 'create', ...labels, name], `${name} could not be made`);
}

export async function dockerOk(words: readonly string[], what: string): Promise<void> {
  const { exitCode, stderr } = await docker(words);
  if (exitCode !== 0) throw volumesErrors.docker({ what, said: stderr.trim() });
}
