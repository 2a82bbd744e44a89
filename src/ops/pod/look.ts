import { type Cluster, clusterWords, pinnedCluster } from '../../hosts/kubectl/kubectl.ts';
import { type Pod, podOf } from '../../hosts/kubectl/pod.ts';
import { lastWords, troubleOf, warningsOf } from '../../hosts/kubectl/state.ts';
import { type Workload, workloadOf, workloadText } from '../../hosts/kubectl/workload.ts';
import { shWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Fact, ResultTable } from '../engine/plan.ts';
import { podErrors } from './errors.ts';

/** The pod of a server and what makes it, whatever state it is in. */
export interface Seen {
  readonly cluster: Cluster;
  readonly pod: Pod;
  readonly workload: Workload | undefined;
  readonly facts: readonly Fact[];
  /** What it and the cluster have said, and what is done by hand. */
  readonly tables: readonly ResultTable[];
}

/** Throws OpError where the server is in no pod, CommandError where the cluster does not answer. The server need not. */
export async function lookAtPod({ runsOn: { server } }: Pick<OpContext, 'runsOn'>): Promise<Seen> {
  if (server.kind !== 'kubectl') throw podErrors.noPod();
  const cluster = await pinnedCluster(server);
  const pod = await podOf(cluster, server);
  const [workload, words, warnings] = await Promise.all([
    workloadOf(cluster, pod),
    lastWords(cluster, pod),
    warningsOf(cluster, pod),
  ]);
  return {
    cluster,
    pod,
    workload,
    facts: [
      { label: 'Pod', value: `${pod.namespace}/${pod.name}, container ${pod.container}` },
      { label: 'State', value: troubleOf(pod) ?? `${pod.name} runs and is ready.` },
      { label: 'Restarts', value: plural(pod.restarts, 'restart') },
      {
        label: 'Made by',
        value: workload === undefined ? 'nobody: it is not made anew' : workloadText(workload),
      },
    ],
    tables: [
      ...lines('Its last words', words),
      ...lines('What the cluster says', warnings),
      {
        title: 'By hand, since it is the cluster that changes',
        columns: ['what', 'command'],
        rows: byHand(cluster, pod, workload),
      },
    ],
  };
}

/** A pod as it is seen, and what the plan of an operation on it begins with. */
export async function aboutPod(operation: string, input: { readonly timeout: number }, context: OpContext) {
  const { facts, tables, ...seen } = await lookAtPod(context);
  return {
    ...seen,
    about: {
      operation,
      danger: 'type-name',
      writes: true,
      server: context.place,
      input: { ...input },
      facts,
      tables,
    } as const,
  };
}

const lines = (title: string, said: readonly string[]): ResultTable[] =>
  said.length === 0 ? [] : [{ title, columns: ['line'], rows: said.map((line) => [line]) }];

/** The exact commands for what pgdeck does not do: the owner of the manifest would take it back, or data may be lost. */
function byHand(cluster: Cluster, pod: Pod, workload: Workload | undefined): string[][] {
  const line = (...words: string[]) => ['kubectl', ...clusterWords(cluster), ...words].map(shWord).join(' ');
  const grow = '{"spec":{"resources":{"requests":{"storage":"NEW_SIZE"}}}}';
  return [
    ...pod.claims.map((claim) => [`grow the volume ${claim}`, line('patch', 'pvc', claim, '-p', grow)]),
    [
      'change the configuration',
      `${line('create', 'configmap', 'postgres-config', '--from-file=postgres.conf', '--dry-run=client', '-o', 'yaml')} | ${line('apply', '-f', '-')}`,
    ],
    ...(workload === undefined ? [] : [['change what makes the pod', line('edit', workloadText(workload))]]),
    [
      'list backups in ConfigMaps',
      line('get', 'configmap', '-l', 'backup', '--sort-by=.metadata.creationTimestamp'),
    ],
    [
      'remove all of them but the newest 10',
      `${line('get', 'configmap', '-l', 'backup', '--sort-by=.metadata.creationTimestamp', '-o', 'name')} | head -n -10 | xargs -r ${line('delete')}`,
    ],
  ];
}
