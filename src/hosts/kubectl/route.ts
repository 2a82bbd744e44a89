import type { KubectlRunsOn } from '../../config/runs-on.ts';
import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { CommandError } from '../host.ts';
import { briefly, reasonIn } from '../last-words.ts';
import { type Cluster, clusterWords, pinnedCluster } from './kubectl.ts';
import { type Pod, podOf } from './pod.ts';
import { lastWords, troubleOf, waitText, warningsOf } from './state.ts';

/** What a pod that is down, or comes up, looks like from outside. */
const WORTH_ASKING: ReadonlySet<ErrorKind> = new Set(['unreachable', 'lost', 'starting']);

/** Connections go to the address that the profile has; why one fails, the cluster may know. */
export function podRoute(runsOn: KubectlRunsOn): Route {
  return {
    label: `pod ${cleanLine(runsOn.pod ?? runsOn.selector ?? '')}`,
    open: async () => undefined,
    explain: async (error) => {
      if (!WORTH_ASKING.has(error.kind)) return undefined;
      try {
        const cluster = await pinnedCluster(runsOn);
        return await down(cluster, await podOf(cluster, runsOn), error);
      } catch (failure) {
        return failure instanceof CommandError && failure.kind === 'missing'
          ? new DbError('unreachable', failure.message, { cause: error })
          : undefined;
      }
    },
    close: async () => {},
  };
}

/** What is wrong with a pod, with its last words and the cluster's warnings; undefined where nothing is. */
export async function down(cluster: Cluster, pod: Pod, cause?: DbError): Promise<DbError | undefined> {
  const trouble = troubleOf(pod);
  if (trouble === undefined) return undefined;
  const [words, warnings] = await Promise.all([lastWords(cluster, pod), warningsOf(cluster, pod)]);
  const said = [
    ...(words.length === 0 ? [] : ['Its last words:', ...words]),
    ...(warnings.length === 0 ? [] : ['The cluster says:', ...warnings]),
  ];
  const command = ['kubectl', ...clusterWords(cluster), 'describe', 'pod', pod.name].join(' ');
  return new DbError('unreachable', [trouble, ...said].join('\n'), {
    brief: briefly(pod.name, trouble, {
      state: waitText(pod),
      why: reasonIn(words) ?? (pod.ended?.reason === 'OOMKilled' ? 'memory ran out' : undefined),
    }),
    next: `All that the cluster knows: ${command}`,
    ...(cause !== undefined && { cause, ...(cause.code && { code: cause.code }) }),
  });
}
