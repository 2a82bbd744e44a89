import type { ComposeRunsOn } from '../../config/runs-on.ts';
import type { Route } from '../../db/route.ts';
import { containerRoute } from '../docker/route.ts';
import { composeContainer } from './find.ts';

/** Connections go to the address that the profile has; why one fails, docker may know. */
export function composeRoute(runsOn: ComposeRunsOn): Route {
  const label = `service ${runsOn.service} of ${runsOn.project}`;
  return containerRoute(label, () => composeContainer(runsOn));
}
