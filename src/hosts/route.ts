import type { RunsOn } from '../config/runs-on.ts';
import type { Address } from '../db/errors.ts';
import type { Route } from '../db/route.ts';
import { composeRoute } from './compose/route.ts';
import { containerRoute } from './docker/route.ts';
import { Forward } from './kubectl/forward.ts';
import { podRoute } from './kubectl/route.ts';
import { Tunnel } from './ssh/tunnel.ts';

/** The way of connections to a server that lives somewhere else; undefined where its address is all that they need. */
export function routeTo(runsOn: RunsOn, { host, port }: Pick<Address, 'host' | 'port'>): Route | undefined {
  switch (runsOn.kind) {
    case 'local':
      return undefined;
    case 'docker':
      return containerRoute(`container ${runsOn.container}`, async () => runsOn.container);
    case 'compose':
      return composeRoute(runsOn);
    case 'kubectl':
      return runsOn.forward === true ? new Forward(runsOn) : podRoute(runsOn);
    case 'ssh':
      return runsOn.tunnel === true
        ? new Tunnel(runsOn, { host: runsOn.host ?? host, port: runsOn.port ?? port })
        : undefined;
  }
}
