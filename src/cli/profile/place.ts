import type { ConnectionFlags } from '../../config/layers.ts';
import type { RunsOn } from '../../config/runs-on.ts';
import { UsageError } from '../../config/usage-error.ts';
import { composeContainer } from '../../hosts/compose/find.ts';
import { downError, inspect } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import { PORT, portOf, serverIn } from '../../hosts/docker/postgres.ts';
import { pinnedCluster } from '../../hosts/kubectl/kubectl.ts';
import { podOf } from '../../hosts/kubectl/pod.ts';

/** Where a new profile's server runs, and what that place says of how it is reached; a password is never part of it. */
export interface NewPlace {
  readonly runs_on?: RunsOn;
  readonly found: ConnectionFlags;
}

interface Options {
  readonly docker?: string;
  readonly ssh?: string;
  readonly tunnel?: boolean;
  /** `PROJECT/SERVICE` */
  readonly compose?: string;
  /** `[NAMESPACE/]POD`, or `[NAMESPACE/]LABEL=VALUE`. */
  readonly pod?: string;
  readonly context?: string;
  readonly container?: string;
  readonly forward?: boolean;
  /** Of the server, as it is given. */
  readonly port?: string | undefined;
}

/** Throws {@link UsageError}, and {@link CommandError} where docker does not have the container. */
export async function placeOf(options: Options): Promise<NewPlace> {
  const { docker, ssh, tunnel, compose, pod } = options;
  const named = Object.entries({ docker, compose, pod, ssh }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
  if (named.length > 1)
    throw new UsageError(
      `A server runs at one place, and ${named.join(' and ')} name ${named.length === 2 ? 'two' : named.length}.`,
      'Give one of them.',
    );
  if (pod === undefined)
    for (const name of ['context', 'container', 'forward'] as const)
      if (options[name] !== undefined && options[name] !== true)
        throw new UsageError(`--${name} goes with --pod.`, 'Name the pod, too.');
  if (tunnel === true && ssh === undefined)
    throw new UsageError('A tunnel goes through ssh.', 'Say where to: --ssh DESTINATION.');
  if (ssh !== undefined)
    return {
      runs_on: { kind: 'ssh', destination: ssh, ...(tunnel === true && { tunnel }) },
      // as it is seen from there; without a tunnel it has to be said how it is reached from here
      found: tunnel === true ? { host: 'localhost' } : {},
    };
  if (pod !== undefined) return podPlace(pod, options);
  if (compose !== undefined) {
    const [project = '', service = '', ...more] = compose.split('/');
    if (service === '' || more.length > 0)
      throw new UsageError('--compose takes PROJECT/SERVICE.', 'docker compose ls lists the projects.');
    const container = await inspect(await composeContainer({ project, service }));
    return {
      runs_on: { kind: 'compose', project, service, ...portWithin(container, options) },
      found: foundIn(container),
    };
  }
  if (docker === undefined) return { found: {} };
  const container = await inspect(docker);
  const down = downError(container, docker);
  if (down !== undefined) throw new UsageError(down.message, 'Then add it again.');
  return {
    runs_on: { kind: 'docker', container: container.name, ...portWithin(container, options) },
    found: foundIn(container),
  };
}

/** Where the server listens in its container, unless that is the usual port. On its machine's network that is what is given. */
function portWithin(container: Container, { port: given }: Options): { readonly port?: number } {
  const port = given !== undefined && container.hostNetwork ? Number(given) : serverIn(container).port;
  return Number.isInteger(port) && port !== PORT ? { port } : {};
}

/** The cluster that is current now is written down with it: another one may be tomorrow. */
async function podPlace(pod: string, { context, container, forward = true }: Options): Promise<NewPlace> {
  const at = pod.indexOf('/');
  const [namespace, name] = at < 0 ? [undefined, pod] : [pod.slice(0, at), pod.slice(at + 1)];
  const cluster = await pinnedCluster({
    ...(context !== undefined && { context }),
    ...(namespace !== undefined && { namespace }),
  });
  const which = {
    ...(/[=!( ]/.test(name) ? { selector: name } : { pod: name }),
    ...(container !== undefined && { container }),
  };
  const found = await podOf(cluster, which);
  const { POSTGRES_USER: user, POSTGRES_DB: database = user } = found.environment;
  const port = portOf(found.environment);
  return {
    runs_on: {
      kind: 'kubectl',
      ...cluster,
      namespace: found.namespace,
      ...which,
      ...(port !== PORT && { port }),
      ...(forward && { forward }),
    },
    found: {
      ...(forward && { host: '127.0.0.1' }),
      ...(user !== undefined && { username: user }),
      ...(database !== undefined && { dbname: database }),
    },
  };
}

function foundIn(container: Container): ConnectionFlags {
  const { address, user, database } = serverIn(container);
  return {
    ...(address && { host: address.host, port: String(address.port) }),
    ...(user !== undefined && { username: user }),
    ...(database !== undefined && { dbname: database }),
  };
}
