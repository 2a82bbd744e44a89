import type { RunsOn } from './runs-on.ts';

/** This machine, this container, that machine. */
export function placeText(runsOn: RunsOn): string {
  if (runsOn.kind === 'docker') return `docker ${runsOn.container}`;
  return runsOn.kind === 'ssh' ? `ssh ${runsOn.destination}` : 'this machine';
}
