import type { Host } from '../../hosts/host.ts';
import type { StepIo } from '../engine/plan.ts';
import { appErrors } from './errors.ts';
import type { StoppedPart } from './stopped.ts';

export type StoppedUnits = Extract<StoppedPart, { kind: 'systemctl' }>;

/** Seconds that all units together have to end or begin. */
const SECONDS = 300;
const DOWN: ReadonlySet<string> = new Set(['inactive', 'failed']);

/** The words that stop or start units. */
export const systemctlWords = (
  { units, sudo }: Pick<StoppedUnits, 'units' | 'sudo'>,
  word: 'stop' | 'start',
): string[] => [...(sudo ? ['sudo', '-n'] : []), 'systemctl', word, ...units];

/** Those of the units that run, by their full names. Throws {@link ../error.ts OpError} where one is not there. */
export async function runningUnits(io: StepIo, on: Host, part: StoppedUnits): Promise<StoppedUnits> {
  const all = await read(io, on, part);
  const missing = all.find(({ LoadState }) => LoadState === 'not-found');
  if (missing !== undefined) throw appErrors.noUnit({ unit: missing.Id ?? '' });
  return { ...part, units: idsOf(all) };
}

const idsOf = (all: readonly Shown[]): string[] =>
  all.flatMap(({ Id, ActiveState = '' }) => (Id === undefined || DOWN.has(ActiveState) ? [] : [Id]));

type Shown = Partial<Record<'Id' | 'LoadState' | 'ActiveState', string>>;

/** What systemd says of each: paragraphs of `Name=value`, also of a unit that it does not know; anybody may ask. */
async function read(io: StepIo, on: Host, { units }: StoppedUnits): Promise<Shown[]> {
  const properties = ['Id', 'LoadState', 'ActiveState'].flatMap((name) => ['-p', name]);
  const { stdout } = await io.exec('systemctl', ['show', ...properties, ...units], {
    on,
    quiet: true,
    timeout: 60_000,
  });
  const all = stdout
    .trim()
    .split(/\n{2,}/)
    .map(
      (block): Shown => Object.fromEntries(block.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2))),
    );
  if (all.some(({ Id, ActiveState }) => !Id || !ActiveState))
    throw appErrors.unread({ program: 'systemctl', what: units.join(', ') });
  return all;
}

/** Stops what was seen to run, and sees that it is down: another unit may want it. Throws {@link ../error.ts OpError}. */
export async function stopUnits(io: StepIo, on: Host, seen: StoppedUnits): Promise<void> {
  if (seen.units.length === 0) return;
  await systemctl(io, on, seen, 'stop');
  const left = idsOf(await read(io, on, seen));
  if (left.length > 0) throw appErrors.stillRuns({ what: left });
}

/** Starts what ran, and sees that it does. Throws {@link ../error.ts OpError}. */
export async function startUnits(io: StepIo, on: Host, seen: StoppedUnits): Promise<void> {
  if (seen.units.length === 0) return;
  await systemctl(io, on, seen, 'start');
  const up = idsOf(await read(io, on, seen));
  const down = seen.units.filter((unit) => !up.includes(unit));
  if (down.length > 0) throw appErrors.notUp({ what: down, logs: `systemctl status ${down.join(' ')}` });
}

async function systemctl(io: StepIo, on: Host, seen: StoppedUnits, word: 'stop' | 'start'): Promise<void> {
  const [command = 'systemctl', ...words] = systemctlWords(seen, word);
  await io.exec(command, words, { on, timeout: SECONDS * 1000 });
}
