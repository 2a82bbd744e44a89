import type { ComposeRunsOn } from '../../config/runs-on.ts';
import type { Container } from '../docker/inspect.ts';
import { dockerWay } from '../docker/way.ts';
import type { Way } from '../remote/way.ts';
import { composeContainer } from './find.ts';

/**
 * The way into the container of a service: `docker exec` on what was found. `compose exec -T` is never used: it alters
 * what passes (docker/compose 8909). Throws {@link CommandError}.
 */
export async function composeWay(
  runsOn: ComposeRunsOn,
  signal?: AbortSignal,
): Promise<Way & { readonly container: Container }> {
  const { project, service, user } = runsOn;
  const container = await composeContainer(runsOn, signal);
  const way = await dockerWay({ kind: 'docker', container, ...(user !== undefined && { user }) }, signal);
  return { ...way, kind: 'compose', label: `the service ${service} of ${project}` };
}
