import { z } from 'zod';
import { kubernetesName } from '../../config/runs-on.ts';
import { type Cluster, pinnedCluster } from '../../hosts/kubectl/kubectl.ts';
import { countOf } from '../../hosts/kubectl/workload.ts';
import { plural } from '../../text/units.ts';
import { defineOperation, type OpContext } from '../engine/operation.ts';
import { podErrors } from './errors.ts';
import { timeout, timeoutField } from './input.ts';
import { kubectlText, runKubectl } from './run.ts';

const scaleInput = z.object({
  deployment: kubernetesName('a deployment'),
  replicas: z.number().int().min(1, 'expected 1 or more').max(1000, 'expected 1000 at most'),
  timeout,
});

/** Gives a deployment of the server's namespace another number of pods: those of the application, say. */
export const podScale = defineOperation({
  id: 'pod scale',
  input: scaleInput,
  fields: {
    deployment: { title: 'Deployment', hint: 'its name in the namespace of the server', argument: true },
    replicas: {
      title: 'Pods',
      hint: 'how many it is to have; app.stop takes them to none and back',
      placeholder: 'n',
    },
    timeout: timeoutField,
  },
  plan: async (input, context) => {
    const cluster = await clusterOf(context);
    const workload = { kind: 'deployment' as const, name: input.deployment };
    const { wanted, ready } = await countOf(cluster, workload);
    const name = `deployment/${input.deployment}`;
    const scale = ['scale', name, `--replicas=${input.replicas}`];
    const status = ['rollout', 'status', name, `--timeout=${input.timeout}s`];
    return {
      operation: 'pod scale',
      title: `Give ${name} ${plural(input.replicas, 'pod')}`,
      subject: input.deployment,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: { ...input },
      facts: [{ label: 'Now', value: `${plural(wanted, 'pod')} wanted, ${ready} ready` }],
      checks: [
        {
          title: 'Connections',
          status: input.replicas > wanted ? 'warn' : 'ok',
          detail:
            input.replicas > wanted
              ? 'Each pod has connections of its own to the server: see that max_connections holds them.'
              : 'Fewer pods hold fewer connections.',
        },
      ],
      steps: [
        {
          id: 'scale',
          title: 'Scale and wait',
          preview: [scale, status].map((words) => kubectlText(cluster, words)).join('\n'),
          run: async (io) => {
            await runKubectl(io, context, cluster, scale, 60);
            await runKubectl(io, context, cluster, status, input.timeout + 30);
          },
        },
      ],
      ...(wanted > 0 && {
        undo: { command: `pgdeck pod scale ${input.deployment} --replicas ${wanted}` },
      }),
      leaves: () => `${name} had ${wanted}; how many it has now says kubectl get ${name}.`,
      reaches: () => `${name} has ${plural(input.replicas, 'pod')}; before it were ${wanted}.`,
    };
  },
});

async function clusterOf({ runsOn: { server } }: Pick<OpContext, 'runsOn'>): Promise<Cluster> {
  if (server.kind !== 'kubectl') throw podErrors.noPod();
  return pinnedCluster(server);
}
