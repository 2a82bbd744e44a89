import type { AppPart } from '../../config/app.ts';
import type { Host } from '../../hosts/host.ts';
import { shWord } from '../../text/shell.ts';
import type { StepIo } from '../engine/plan.ts';
import { runningServices, startServices, stopServices } from './compose.ts';
import { appErrors } from './errors.ts';
import { contextOf, scaleDown, scaleUp, scaleWords, wantedOf } from './kubernetes.ts';
import type { StoppedPart } from './stopped.ts';
import { runningUnits, startUnits, stopUnits, systemctlWords } from './systemd.ts';

/** What is stopped, as it will be started again. Throws {@link ../error.ts OpError}, and stops nothing. */
export async function seenPart(io: StepIo, on: Host, part: AppPart): Promise<StoppedPart> {
  switch (part.kind) {
    case 'compose': {
      const { project, services } = part;
      if (project === undefined) throw appErrors.noProject({ services });
      return runningServices(io, on, project, services);
    }
    case 'kubectl': {
      const { kind, ...named } = part;
      const deployment = { ...named, ...(await contextOf(io, on, named)) };
      return { kind, ...deployment, replicas: await wantedOf(io, on, deployment) };
    }
    case 'systemctl':
      return runningUnits(io, on, part);
    case 'command':
      return { kind: 'command', start: part.start };
  }
}

/** Stops it, and waits until it has ended. Throws {@link ../error.ts OpError}. */
export async function stopPart(io: StepIo, on: Host, part: AppPart, seen: StoppedPart): Promise<void> {
  if (seen.kind === 'compose') await stopServices(io, on, seen);
  else if (seen.kind === 'kubectl') await scaleDown(io, on, seen);
  else if (seen.kind === 'systemctl') await stopUnits(io, on, seen);
  else if (part.kind === 'command') await io.exec('sh', ['-c', part.stop], { on });
}

/** Starts it as it was. Throws {@link ../error.ts OpError}. */
export async function startPart(io: StepIo, on: Host, seen: StoppedPart): Promise<void> {
  switch (seen.kind) {
    case 'compose':
      return startServices(io, on, seen);
    case 'kubectl':
      return scaleUp(io, on, seen, seen.replicas);
    case 'systemctl':
      return startUnits(io, on, seen);
    case 'command':
      await io.exec('sh', ['-c', seen.start], { on });
  }
}

const typed = (words: readonly string[]): string => words.map(shWord).join(' ');

export const stopText = (part: AppPart): string => partText(part, 'stop');

/** How many pods there were is known once it is stopped. */
export const startText = (part: AppPart | StoppedPart): string => partText(part, 'start');

/** As a person types it. */
function partText(part: AppPart | StoppedPart, word: 'stop' | 'start'): string {
  switch (part.kind) {
    case 'compose': {
      const { project, services } = part;
      return typed(['docker', 'compose', ...(project ? ['-p', project] : []), word, ...services]);
    }
    case 'kubectl': {
      if (word === 'stop') return typed(scaleWords(part, 0));
      return 'replicas' in part
        ? typed(scaleWords(part, part.replicas))
        : `${typed(scaleWords(part, ''))}<as before>`;
    }
    case 'systemctl':
      return typed(systemctlWords(part, word));
    case 'command':
      return 'stop' in part && word === 'stop' ? part.stop : part.start;
  }
}
