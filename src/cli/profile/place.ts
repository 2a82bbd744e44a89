import type { ConnectionFlags } from '../../config/layers.ts';
import type { RunsOn } from '../../config/runs-on.ts';
import { UsageError } from '../../config/usage-error.ts';
import { downError, inspect } from '../../hosts/docker/docker.ts';
import { PORT, serverIn } from '../../hosts/docker/postgres.ts';

/** Where a new profile's server runs, and what that place says of how it is reached; a password is never part of it. */
export interface NewPlace {
  readonly runs_on?: RunsOn;
  readonly found: ConnectionFlags;
}

interface Options {
  readonly docker?: string;
  readonly ssh?: string;
  readonly tunnel?: boolean;
}

/** Throws {@link UsageError}, and {@link CommandError} where docker does not have the container. */
export async function placeOf({ docker, ssh, tunnel }: Options): Promise<NewPlace> {
  if (docker !== undefined && ssh !== undefined)
    throw new UsageError('A server runs at one place, and --docker and --ssh name two.', 'Give one of them.');
  if (tunnel === true && ssh === undefined)
    throw new UsageError('A tunnel goes through ssh.', 'Say where to: --ssh DESTINATION.');
  if (ssh !== undefined)
    return {
      runs_on: { kind: 'ssh', destination: ssh, ...(tunnel === true && { tunnel }) },
      // as it is seen from there; without a tunnel it has to be said how it is reached from here
      found: tunnel === true ? { host: 'localhost' } : {},
    };
  if (docker === undefined) return { found: {} };
  const container = await inspect(docker);
  const down = downError(container, docker);
  if (down !== undefined) throw new UsageError(down.message, 'Then add it again.');
  const { port, address, user, database } = serverIn(container);
  return {
    runs_on: { kind: 'docker', container: container.name, ...(port !== PORT && { port }) },
    found: {
      ...(address && { host: address.host, port: String(address.port) }),
      ...(user !== undefined && { username: user }),
      ...(database !== undefined && { dbname: database }),
    },
  };
}
