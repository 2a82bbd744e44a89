import type { RunsOn } from './runs-on.ts';

/** This machine, this container, that machine. */
export function placeText(runsOn: RunsOn): string {
  switch (runsOn.kind) {
    case 'local':
      return 'this machine';
    case 'docker':
      return `docker ${runsOn.container}`;
    case 'compose':
      return `compose ${runsOn.project}/${runsOn.service}`;
    case 'kubectl':
      return `kubectl ${runsOn.namespace === undefined ? '' : `${runsOn.namespace}/`}${runsOn.pod ?? runsOn.selector}`;
    case 'ssh':
      return `ssh ${runsOn.destination}`;
  }
}
