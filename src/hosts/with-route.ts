import type { Resolved } from '../config/profile.ts';

/** Where the server lives elsewhere, connections go the way that leads there. Opens none. */
export async function withRoute(resolved: Resolved): Promise<Resolved> {
  const { target, runsOn } = resolved;
  if (runsOn.server.kind === 'local') return resolved;
  const { routeTo } = await import('./route.ts');
  const via = routeTo(runsOn.server, target);
  return via === undefined ? resolved : { ...resolved, target: { ...target, via } };
}
