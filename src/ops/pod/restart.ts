import { countOf, workloadText } from '../../hosts/kubectl/workload.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { waiting } from './input.ts';
import { aboutPod } from './look.ts';
import { kubectlText, readyStep, runKubectl } from './run.ts';

/** Makes all pods of what the server's pod is of anew, and waits; where the server answers, `server restart` says more. */
export const podRestart = defineOperation({
  id: 'pod restart',
  ...waiting,
  plan: async (input, context) => {
    const { cluster, pod, workload, about } = await aboutPod('pod restart', input, context);
    const what = workload === undefined ? '' : workloadText(workload);
    const wanted = workload === undefined ? 0 : (await countOf(cluster, workload)).wanted;
    const restart = ['rollout', 'restart', what];
    const status = ['rollout', 'status', what, `--timeout=${input.timeout}s`];
    const checks: Check[] =
      workload === undefined
        ? [
            {
              title: 'Restart',
              status: 'block',
              detail: `Nothing makes ${pod.name} anew that could be restarted.`,
            },
          ]
        : [
            {
              title: 'Restart',
              status: wanted > 1 ? 'warn' : 'ok',
              detail: `${what} has ${wanted} pod${wanted === 1 ? '' : 's'}, made anew one after the other.`,
            },
          ];
    return {
      ...about,
      title: `Restart ${what || pod.name}`,
      subject: workload?.name ?? pod.name,
      checks,
      steps: [
        {
          id: 'restart',
          title: 'Restart and wait',
          preview: [restart, status].map((words) => kubectlText(cluster, words)).join('\n'),
          run: async (io) => {
            await runKubectl(io, context, cluster, restart, 60);
            await runKubectl(io, context, cluster, status, input.timeout + 30);
          },
        },
        readyStep(context, cluster, pod, input.timeout),
      ],
      consequence: 'Everybody is disconnected, and nobody can connect until the pod is ready. Volumes stay.',
      leaves: () => 'No data was changed; the cluster may be about the restart still.',
      reaches: () => `${what} was restarted, and ${pod.name} is ready; no data was changed.`,
    };
  },
});
