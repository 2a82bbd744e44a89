import { UsageError } from '../../config/usage-error.ts';
import { CommandError } from '../../hosts/host.ts';
import { serverPods } from '../../hosts/kubectl/find.ts';
import { note } from '../output.ts';
import { printContainers, serverContainers } from './containers.ts';
import { printPods } from './pods.ts';

const OTHER = 'pgdeck profile add NAME -h HOST -d DATABASE';

/** What was found, or why it was not looked for; other errors are thrown. */
const tried = <T>(found: Promise<readonly T[]>): Promise<readonly T[] | CommandError> =>
  found.catch((error: unknown) => {
    if (error instanceof CommandError) return error;
    throw error;
  });

/** Lists the servers in containers of this machine and in pods, with the command that adds each. Throws {@link UsageError} where neither can be asked. */
export async function listServers(): Promise<void> {
  const [containers, pods] = await Promise.all([tried(serverContainers()), tried(serverPods())]);
  const [inDocker, inPods] = [containers, pods].map((one) => (one instanceof CommandError ? 0 : one.length));
  if (!(containers instanceof CommandError) && inDocker !== 0) await printContainers(containers);
  if (!(pods instanceof CommandError) && inPods !== 0) await printPods(pods);
  if (pods instanceof CommandError) note(`Pods are not listed: ${pods.message}`);
  if (containers instanceof CommandError) {
    if (inPods === 0)
      throw new UsageError(
        `profile add needs a name, and the servers in containers cannot be listed: ${containers.message}`,
        `Give it one: ${OTHER}`,
      );
    if (containers.kind !== 'missing') note(`Containers are not listed: ${containers.message}`);
    return;
  }
  if (inDocker === 0 && inPods === 0)
    note(`No container that runs holds a PostgreSQL server. Add another one: ${OTHER}`);
}
