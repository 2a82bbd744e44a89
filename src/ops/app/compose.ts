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
  const labels = ['service', 'project.working_dir', 'project.config_files'];
  const format = ['{{.State}}', ...labels.map((name) => `{{.Label "${LABEL}.${name}"}}`)].join('\t');
  const filters = [`label=${LABEL}.project=${project}`, `label=${LABEL}.oneoff=False`];
  const words = ['ps', '-a', ...filters.flatMap((one) => ['--filter', one]), '--format', format];
  const { stdout } = await io.exec('docker', words, { on, quiet: true, timeout: 60_000 });
  const all = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .filter(([, service = '']) => services.includes(service));
  const missing = services.find((service) => !all.some(([, name]) => name === service));
  if (missing !== undefined) throw appErrors.noService({ project, service: missing });
  const [, , directory = '', files = ''] = all[0] ?? [];
  const running = new Set(all.flatMap(([state, service = '']) => (state === 'running' ? [service] : [])));
  return {
    kind: 'compose',
    project,
    directory,
    files: files.split(',').filter((file) => file !== ''),
    services: services.filter((service) => running.has(service)),
  };
}

/** Throws {@link ../error.ts OpError}. */
export async function composeRun(
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
