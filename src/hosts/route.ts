import type { RunsOn } from '../config/runs-on.ts';
import type { Address } from '../db/errors.ts';
import type { Route } from '../db/route.ts';
import { containerRoute } from './docker/route.ts';
import { Tunnel } from './ssh/tunnel.ts';

/** The way of connections to a server that lives somewhere else; undefined where its address is all that they need. */
export function routeTo(runsOn: RunsOn, { host, port }: Pick<Address, 'host' | 'port'>): Route | undefined {
  if (runsOn.kind === 'ssh' && runsOn.tunnel === true)
    return new Tunnel(runsOn, { host: runsOn.host ?? host, port: runsOn.port ?? port });
  return runsOn.kind === 'docker' ? containerRoute(runsOn) : undefined;
}
