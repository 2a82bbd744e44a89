import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, clusterWords } from '../../hosts/kubectl/kubectl.ts';
import { type Pod, podOf } from '../../hosts/kubectl/pod.ts';
import { troubleOf } from '../../hosts/kubectl/state.ts';
import { shWord } from '../../text/shell.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { podErrors } from './errors.ts';

const LOOK_MS = 1_000;

/** As a person types it. */
export const kubectlText = (cluster: Cluster, words: readonly string[]): string =>
  ['kubectl', ...clusterWords(cluster), ...words].map(shWord).join(' ');

/** Runs kubectl on this machine with its lines shown. Throws {@link ../error.ts OpError} with its last words. */
export async function runKubectl(
  io: Pick<StepIo, 'signal' | 'line'>,
  { here }: Pick<OpContext, 'here'>,
  cluster: Cluster,
  words: readonly string[],
  seconds: number,
): Promise<void> {
  const { exitCode, stderr } = await here.run('kubectl', [...clusterWords(cluster), ...words], {
    signal: io.signal,
    timeout: seconds * 1000,
    maxOutput: 32 * 1024,
    onLine: (text, from) => io.line(text, from),
  });
  if (exitCode === 0) return;
  const why = `exit code ${exitCode}: ${stderr.trim().split('\n').slice(-6).join('\n')}`;
  throw podErrors.commandFailed({ command: kubectlText(cluster, words), why });
}

/** Waits until the server's pod is another one than `before`, or another run of it, and ready. */
export function readyStep(context: OpContext, cluster: Cluster, before: Pod, seconds: number): Step {
  return {
    id: 'ready',
    title: 'Wait until the pod is ready',
    preview: kubectlText(cluster, ['get', 'pod', before.name]),
    run: async (io) => {
      const { server } = context.runsOn;
      if (server.kind !== 'kubectl') throw podErrors.noPod();
      const end = performance.now() + seconds * 1000;
      for (let last = ''; ; ) {
        const why = await podOf(cluster, server, io.signal).then(
          (pod) => (pod.uid === before.uid ? `${pod.name} is the one from before.` : troubleOf(pod)),
          (error: unknown) => sentenceOf(error),
        );
        if (why === undefined) return;
        io.signal.throwIfAborted();
        if (why !== last) io.line(why);
        last = why;
        if (performance.now() > end) throw podErrors.notBack({ pod: before.name, seconds, why });
        await delay(LOOK_MS, undefined, { signal: io.signal });
      }
    },
  };
}
