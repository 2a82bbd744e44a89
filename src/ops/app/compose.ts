import type { Host } from '../../hosts/host.ts';
import { composeClient, composeCommand } from '../containers/compose.ts';
import type { StepIo } from '../engine/plan.ts';
import { appErrors } from './errors.ts';
import type { StoppedPart } from './stopped.ts';

export type StoppedServices = Extract<StoppedPart, { kind: 'compose' }>;

const LABEL = 'com.docker.compose';
/** Seconds that all services together have to end or begin. */
const SECONDS = 300;

/** What of the services runs, and where they were made from. Throws {@link ../error.ts OpError} where there is no such service. */
export async function runningServices(
  io: StepIo,
  on: Host,
  project: string,
  services: readonly string[],
): Promise<StoppedServices> {
  const all = await containersOf(io, on, { project, services });
  const missing = services.find((one) => !all.some(({ service }) => service === one));
  if (missing !== undefined) throw appErrors.noService({ project, service: missing });
  const [{ directory, files } = { directory: '', files: '' }] = all;
  return {
    kind: 'compose',
    project,
    directory,
    files: files.split(',').filter((file) => file !== ''),
    services: services.filter((one) => all.some(({ service, runs }) => service === one && runs)),
  };
}

interface Listed {
  readonly service: string;
  readonly runs: boolean;
  readonly directory: string;
  /** Names with commas between them. */
  readonly files: string;
}

/** The containers of services, not those of `compose run`: by the labels that both forms of compose set. */
async function containersOf(
  io: StepIo,
  on: Host,
  { project, services }: Pick<StoppedServices, 'project'> & { readonly services: readonly string[] },
): Promise<Listed[]> {
  const labels = ['service', 'project.working_dir', 'project.config_files'];
  const format = ['{{.State}}', ...labels.map((name) => `{{.Label "${LABEL}.${name}"}}`)].join('\t');
  const filters = [`label=${LABEL}.project=${project}`, `label=${LABEL}.oneoff=False`];
  const words = ['ps', '-a', ...filters.flatMap((one) => ['--filter', one]), '--format', format];
  const { stdout } = await io.exec('docker', words, { on, quiet: true, timeout: 60_000 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .map(([state, service = '', directory = '', files = '']) => ({
      ...{ service, directory, files },
      runs: state === 'running',
    }))
    .filter(({ service }) => services.includes(service));
}

/** Stops what was seen to run, and sees that it is down: compose may end with 0 all the same. Throws {@link ../error.ts OpError}. */
export async function stopServices(io: StepIo, on: Host, seen: StoppedServices): Promise<void> {
  await composeRun(io, on, seen, 'stop');
  const left = await running(io, on, seen);
  if (left.length > 0) throw appErrors.stillRuns({ what: left });
}

/** Starts what ran, and sees that it does. Throws {@link ../error.ts OpError}. */
export async function startServices(io: StepIo, on: Host, seen: StoppedServices): Promise<void> {
  await composeRun(io, on, seen, 'start');
  const up = await running(io, on, seen);
  const down = seen.services.filter((service) => !up.includes(service));
  if (down.length > 0)
    throw appErrors.notUp({ what: down, logs: `docker compose -p ${seen.project} logs ${down.join(' ')}` });
}

/** Those of the services that have a container that runs. */
async function running(io: StepIo, on: Host, seen: StoppedServices): Promise<string[]> {
  if (seen.services.length === 0) return [];
  const all = await containersOf(io, on, seen);
  return seen.services.filter((one) => all.some(({ service, runs }) => service === one && runs));
}

/** Throws {@link ../error.ts OpError}. */
async function composeRun(
  io: StepIo,
  on: Host,
  { project, directory, files, services }: StoppedServices,
  word: 'stop' | 'start',
): Promise<void> {
  if (services.length === 0) return;
  const client = await composeClient(on);
  if (client === undefined) throw appErrors.noCompose();
  const { command, args } = composeCommand(client, { name: project, directory, files }, word, ...services);
  // files that docker-compose 1.29 has noted by their names are looked for where it is run
  await io.exec(command, args, { on, timeout: SECONDS * 1000, ...(directory !== '' && { cwd: directory }) });
}
