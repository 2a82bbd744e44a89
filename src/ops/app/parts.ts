import type { AppPart } from '../../config/app.ts';
import type { Host } from '../../hosts/host.ts';
import { shWord } from '../../text/shell.ts';
import type { StepIo } from '../engine/plan.ts';
import { composeRun, runningServices } from './compose.ts';
import { appErrors } from './errors.ts';
import { scaleDown, scaleUp, scaleWords, wantedOf } from './kubernetes.ts';
import type { StoppedPart } from './stopped.ts';

const UNIT_SECONDS = 300;

/** What is stopped, as it will be started again. Throws {@link ../error.ts OpError}, and stops nothing. */
export async function seenPart(
  io: StepIo,
  on: Host,
  part: AppPart,
  project: string | undefined,
): Promise<StoppedPart> {
  switch (part.kind) {
    case 'compose': {
      const named = part.project ?? project;
      if (named === undefined) throw appErrors.noProject({ services: part.services });
      return runningServices(io, on, named, part.services);
    }
    case 'kubectl': {
      const { kind, ...deployment } = part;
      return { kind, ...deployment, replicas: await wantedOf(io, on, deployment) };
    }
    case 'systemctl':
      return { ...part };
    case 'command':
      return { kind: 'command', start: part.start };
  }
}

/** Stops it, and waits until it has ended. Throws {@link ../error.ts OpError}. */
export async function stopPart(io: StepIo, on: Host, part: AppPart, seen: StoppedPart): Promise<void> {
  if (seen.kind === 'compose') await composeRun(io, on, seen, 'stop');
  else if (seen.kind === 'kubectl') await scaleDown(io, on, seen);
  else if (seen.kind === 'systemctl') await systemctl(io, on, seen, 'stop');
  else if (part.kind === 'command') await io.exec('sh', ['-c', part.stop], { on });
}

/** Starts it as it was. Throws {@link ../error.ts OpError}. */
export async function startPart(io: StepIo, on: Host, seen: StoppedPart): Promise<void> {
  switch (seen.kind) {
    case 'compose':
      return composeRun(io, on, seen, 'start');
    case 'kubectl':
      return scaleUp(io, on, seen, seen.replicas);
    case 'systemctl':
      return systemctl(io, on, seen, 'start');
    case 'command':
      await io.exec('sh', ['-c', seen.start], { on });
  }
}

type Units = Extract<StoppedPart, { kind: 'systemctl' }>;

async function systemctl(io: StepIo, on: Host, units: Units, word: 'stop' | 'start'): Promise<void> {
  const [command = 'systemctl', ...words] = systemctlWords(units, word);
  await io.exec(command, words, { on, timeout: UNIT_SECONDS * 1000 });
}

const systemctlWords = ({ units, sudo }: Pick<Units, 'units' | 'sudo'>, word: string): string[] => [
  ...(sudo ? ['sudo', '-n'] : []),
  'systemctl',
  word,
  ...units,
];

const typed = (words: readonly string[]): string => words.map(shWord).join(' ');

/** As a person types it. */
export function stopText(part: AppPart): string {
  switch (part.kind) {
    case 'compose':
      return typed([
        'docker',
        'compose',
        ...(part.project ? ['-p', part.project] : []),
        'stop',
        ...part.services,
      ]);
    case 'kubectl':
      return typed(scaleWords(part, 0));
    case 'systemctl':
      return typed(systemctlWords(part, 'stop'));
    case 'command':
      return part.stop;
  }
}

/** As a person types it; how many pods there were is known once it is stopped. */
export function startText(part: AppPart | StoppedPart): string {
  switch (part.kind) {
    case 'compose':
      return typed([
        'docker',
        'compose',
        ...(part.project ? ['-p', part.project] : []),
        'start',
        ...part.services,
      ]);
    case 'kubectl':
      return typed(scaleWords(part, 'replicas' in part ? part.replicas : 'N')).replace(/N$/, '<as before>');
    case 'systemctl':
      return typed(systemctlWords(part, 'start'));
    case 'command':
      return part.start;
  }
}
