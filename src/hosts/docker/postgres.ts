import type { Container } from './inspect.ts';

/** A server of PostgreSQL in a container, and how it is reached from this machine. */
export interface FoundServer {
  readonly container: string;
  readonly image: string;
  /** Of docker compose: its project and the service in it; undefined where it is not of that. */
  readonly compose: string | undefined;
  /** That it listens on in the container. */
  readonly port: number;
  /** Undefined where it is reached by no address that docker knows. */
  readonly address: { readonly host: string; readonly port: number; readonly how: Reached } | undefined;
  /** As its image was told: who asks for a password, docker does not say. */
  readonly user: string | undefined;
  readonly database: string | undefined;
}

/** By a port of its machine, by its own address, or because it has its machine's network. */
export type Reached = 'published' | 'address' | 'host network';

export const PORT = 5432;
const IMAGE =
  /(?:^|[/:@_-])(?:postgres(?:ql)?|postgis|timescaledb?|pgvector|pg\d*|spilo|citus|supabase)(?:[/:@_-]|-?\d|$)/i;

/** What works beside a server and bears its name. */
const BESIDE = /exporter|operator|backup|bouncer|pooler|pgadmin/i;

/** Whether an image is, by its name, that of a server. */
export const isServerImage = (image: string): boolean =>
  IMAGE.test(image) && !BESIDE.test(image.split(/[:@]/)[0]?.split('/').at(-1) ?? '');

/** The servers among containers: by what the image is called, and by the variables that the usual images are told. */
export function serversAmong(containers: readonly Container[]): FoundServer[] {
  return containers.filter(isServer).map(serverIn);
}

function isServer({ image, environment, ports }: Container): boolean {
  const said = ['POSTGRES_USER', 'POSTGRES_DB', 'PGDATA', 'PG_MAJOR'].some((name) => name in environment);
  // an application knows POSTGRES_DB as well, but it does not expose the port
  return isServerImage(image) || (said && ports.some(({ port }) => port === portOf(environment)));
}

/** What is known of the server in one container. */
export function serverIn(container: Container): FoundServer {
  const { environment, labels } = container;
  const [project, service] = ['project', 'service'].map((name) => labels[`com.docker.compose.${name}`]);
  const user = environment.POSTGRES_USER ?? (isUsualImage(environment) ? 'postgres' : undefined);
  return {
    container: container.name,
    image: container.image,
    compose: project === undefined ? undefined : `${project}/${service ?? '?'}`,
    port: portOf(environment),
    address: addressOf(container),
    user,
    // as the usual image has it
    database: environment.POSTGRES_DB ?? user,
  };
}

/** The official image and what is made from it: its superuser is postgres where nothing else is said. */
const isUsualImage = (environment: Container['environment']): boolean =>
  'PG_MAJOR' in environment && 'PGDATA' in environment;

/** Where a server listens whose variables these are. */
export function portOf(environment: Container['environment']): number {
  const port = Number(environment.PGPORT);
  return Number.isInteger(port) && port > 0 ? port : PORT;
}

function addressOf({ environment, ports, hostNetwork, addresses }: Container): FoundServer['address'] {
  const port = portOf(environment);
  const [published] = ports.find((one) => one.port === port)?.published ?? [];
  if (published !== undefined) {
    // every address of this machine, of which one that only this machine has is taken
    const everywhere = ['', '0.0.0.0', '::'].includes(published.host);
    return { host: everywhere ? '127.0.0.1' : published.host, port: published.port, how: 'published' };
  }
  if (hostNetwork) return { host: '127.0.0.1', port, how: 'host network' };
  const [host] = addresses;
  return host === undefined ? undefined : { host, port, how: 'address' };
}
