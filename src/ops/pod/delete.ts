import { workloadText } from '../../hosts/kubectl/workload.ts';
import { defineOperation } from '../engine/operation.ts';
import { waiting } from './input.ts';
import { aboutPod } from './look.ts';
import { kubectlText, readyStep, runKubectl } from './run.ts';

/** Deletes the pod of a server that is down, so that it is made anew; the server need not answer for it. */
export const podDelete = defineOperation({
  id: 'pod delete',
  ...waiting,
  plan: async (input, context) => {
    const { cluster, pod, workload, about } = await aboutPod('pod delete', input, context);
    const words = ['delete', 'pod', pod.name, '--wait=true'];
    return {
      ...about,
      title: `Delete the pod ${pod.name}`,
      subject: pod.name,
      checks: [
        workload === undefined
          ? {
              title: 'Made anew',
              status: 'block',
              detail: `Nothing makes ${pod.name} anew: it would be gone, with what is not on a volume.`,
            }
          : {
              title: 'Made anew',
              status: 'ok',
              detail: `${workloadText(workload)} makes it anew, with its volumes.`,
            },
        pod.ready
          ? {
              title: 'State',
              status: 'warn',
              detail: 'It runs and is ready: pgdeck server restart tells first who is connected.',
            }
          : { title: 'State', status: 'ok', detail: 'It does not serve, so nobody is interrupted.' },
      ],
      steps: [
        {
          id: 'delete',
          title: 'Delete the pod',
          preview: kubectlText(cluster, words),
          run: (io) => runKubectl(io, context, cluster, words, input.timeout),
        },
        readyStep(context, cluster, pod, input.timeout),
      ],
      consequence:
        'The server goes down with it, and comes back with the pod that is made anew. Volumes stay.',
      leaves: ({ done }) =>
        done.has('delete')
          ? `${pod.name} was deleted; the cluster makes it anew.`
          : `${pod.name} may be there still.`,
      reaches: () => `${pod.name} was made anew and is ready; its volumes were not touched.`,
    };
  },
});
