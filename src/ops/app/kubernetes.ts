import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '../../hosts/host.ts';
import { clusterWords } from '../../hosts/kubectl/kubectl.ts';
import { labelsOf, type WorkloadState, workloadSchema } from '../../hosts/kubectl/workload.ts';
import { plural } from '../../text/units.ts';
import type { StepIo } from '../engine/plan.ts';
import { appErrors } from './errors.ts';
import type { StoppedPart } from './stopped.ts';

type Deployment = Omit<Extract<StoppedPart, { kind: 'kubectl' }>, 'kind' | 'replicas'>;

/** Seconds that pods have to end: Kubernetes gives them 30 of its own accord. */
const DOWN_SECONDS = 180;
const UP_SECONDS = 300;
const LOOK_MS = 500;

/** The command that gives a deployment so many pods. */
export const scaleWords = (deployment: Deployment, replicas: number | string): string[] => [
  'kubectl',
  ...clusterWords(deployment),
  'scale',
  `deployment/${deployment.deployment}`,
  `--replicas=${replicas}`,
];

/** The context that is current where none is named: it is started again there, whatever is current by then. */
export async function contextOf(
  io: StepIo,
  on: Host,
  { context }: Omit<Deployment, 'deployment'>,
): Promise<{ readonly context?: string }> {
  if (context !== undefined) return { context };
  const words = ['config', 'current-context'];
  const { exitCode, stdout } = await io.exec('kubectl', words, {
    on,
    quiet: true,
    timeout: 60_000,
    accept: [0, 1],
  });
  const current = stdout.trim();
  // none within a cluster, where the pod's own account is used
  return exitCode === 0 && /^[^-\s]\S*$/.test(current) ? { context: current } : {};
}

/** How many pods it is to have. Throws {@link ../error.ts OpError}. */
export async function wantedOf(io: StepIo, on: Host, deployment: Deployment): Promise<number> {
  return (await read(io, on, deployment)).spec.replicas;
}

async function read(io: StepIo, on: Host, deployment: Deployment): Promise<WorkloadState> {
  const words = [...clusterWords(deployment), 'get', 'deployment', deployment.deployment, '-o', 'json'];
  const { stdout } = await io.exec('kubectl', words, { on, quiet: true, timeout: 60_000 });
  try {
    return workloadSchema.parse(JSON.parse(stdout));
  } catch {
    throw appErrors.unread({ program: 'kubectl', what: `deployment/${deployment.deployment}` });
  }
}

/** Takes all its pods away and waits until they have ended. */
export async function scaleDown(io: StepIo, on: Host, deployment: Deployment): Promise<void> {
  await scale(io, on, deployment, 0);
  const end = performance.now() + DOWN_SECONDS * 1000;
  for (let last = 0; ; ) {
    const there = await podsOf(io, on, deployment);
    if (there === 0) return;
    if (there !== last)
      io.line(`${plural(there, 'pod')} of deployment/${deployment.deployment} still to end.`);
    last = there;
    if (performance.now() > end)
      throw appErrors.notDown({ what: `deployment/${deployment.deployment}`, seconds: DOWN_SECONDS, there });
    await delay(LOOK_MS, undefined, { signal: io.signal });
  }
}

/** Those that end still work with the database: they are counted, too. */
async function podsOf(io: StepIo, on: Host, deployment: Deployment): Promise<number> {
  const state = await read(io, on, deployment);
  const { status } = state;
  const labels = labelsOf(state);
  if (labels === undefined) return status.replicas;
  const words = [...clusterWords(deployment), 'get', 'pods', '-l', labels, '-o', 'name'];
  const { stdout } = await io.exec('kubectl', words, { on, quiet: true, timeout: 60_000 });
  return Math.max(status.replicas, stdout.split('\n').filter((line) => line !== '').length);
}

/** Gives it the pods that it had, and waits for them; one that somebody has scaled meanwhile is left as it is. */
export async function scaleUp(io: StepIo, on: Host, deployment: Deployment, replicas: number): Promise<void> {
  const now = await wantedOf(io, on, deployment);
  if (now !== 0) {
    io.line(
      `deployment/${deployment.deployment} has ${now} by now, and is left so; before it were ${replicas}.`,
    );
    return;
  }
  if (replicas === 0) return;
  await scale(io, on, deployment, replicas);
  const words = ['rollout', 'status', `deployment/${deployment.deployment}`, `--timeout=${UP_SECONDS}s`];
  await io.exec('kubectl', [...clusterWords(deployment), ...words], {
    on,
    timeout: (UP_SECONDS + 30) * 1000,
  });
}

async function scale(io: StepIo, on: Host, deployment: Deployment, replicas: number): Promise<void> {
  const [command = 'kubectl', ...words] = scaleWords(deployment, replicas);
  await io.exec(command, words, { on, timeout: 60_000 });
}
