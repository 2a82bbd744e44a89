import { isContainer, isSamePlace, placeLabel, type RunsOn } from '../../../../config/runs-on.ts';
import type { Target } from '../../../../db/target.ts';
import type { OpContext } from '../../../engine/operation.ts';
import { adapterErrors } from '../errors.ts';

/** Of a server in its own container. */
const USUAL_PORT = 5432;
const HERE_ONLY = /^(\/.*|localhost|127\..*|::1)$/;

/**
 * The server as the tool reaches it from where it runs. Throws OpError where nobody has said how: what is this machine's
 * own address leads to the container itself there.
 */
export function reachedFrom({ target, runsOn }: Pick<OpContext, 'target' | 'runsOn'>): Target {
  const there = runsOn.migrations;
  if (there.kind === 'local') return target;
  const own = isSamePlace(there, runsOn.server) ? runsOn.server : undefined;
  const said = { ...addressOf(own), ...addressOf(there) };
  const container = isContainer(there);
  const host = said.host ?? (container && own !== undefined ? 'localhost' : target.host);
  if (said.host === undefined && own === undefined && container && HERE_ONLY.test(target.host))
    throw adapterErrors.addressThere({ place: placeLabel(there) });
  const moved = host !== target.host;
  const port = said.port ?? (container && own !== undefined ? USUAL_PORT : target.port);
  // files with certificates are this machine's
  const { tlsFiles: _, tls, ...rest } = target;
  return {
    ...rest,
    host,
    port,
    ...(tls !== undefined && { tls: moved ? withoutName(tls) : tls }),
  };
}

function addressOf(runsOn: RunsOn | undefined): { host?: string; port?: number } {
  if (runsOn === undefined || runsOn.kind === 'local') return {};
  const { host, port } = runsOn;
  return { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

function withoutName(tls: NonNullable<Target['tls']>): NonNullable<Target['tls']> {
  const { servername: _, ...rest } = tls;
  return rest;
}
