import { isContainer, type KubectlRunsOn, type RunsOn } from '../../../config/runs-on.ts';
import type { Session } from '../../../db/session.ts';
import { dockerContainer } from '../../../hosts/compose/find.ts';
import { inspect } from '../../../hosts/docker/docker.ts';
import { pinnedCluster } from '../../../hosts/kubectl/kubectl.ts';
import { podOf } from '../../../hosts/kubectl/pod.ts';
import { countOf, rolloutLine, workloadOf, workloadText } from '../../../hosts/kubectl/workload.ts';
import { shWord } from '../../../text/shell.ts';
import { stopSignal } from '../../containers/docker.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import type { Place } from '../../settings/here.ts';
import { pgCtl } from './pg-ctl.ts';
import type { Way } from './way.ts';

export interface Found {
  /** Undefined where there is none; a check says why. */
  readonly way: Way | undefined;
  readonly checks: readonly Check[];
}

const SETTING =
  'name the command in the profile as "restart", such as "sudo systemctl restart postgresql@16-main"';

const blocked = (detail: string): Found => ({
  way: undefined,
  checks: [{ title: 'Restart', status: 'block', detail }],
});

/**
 * How this server is restarted: by the profile's command, by docker where it runs in a container, or by pg_ctl where it
 * is this machine's and nothing watches over it. Throws DbError.
 */
export async function findWay(
  context: OpContext,
  { server }: Session,
  place: Place,
  { stopSeconds, log: file }: { readonly stopSeconds: number; readonly log: string | undefined },
): Promise<Found> {
  const { restart, runsOn, host } = context;
  const log = file === undefined ? {} : { log: file };
  const inContainer = isContainer(runsOn.server);
  const container = await containerName(runsOn.server);
  if (restart !== undefined)
    return {
      way: {
        kind: 'command',
        // what runs in a container ends with it
        on: inContainer ? 'here' : 'host',
        command: 'sh',
        args: ['-c', restart],
        ...(container !== undefined && { container }),
        ...log,
      },
      checks: [
        { title: 'Restart', status: 'ok', detail: 'By the command of the profile, which is run as it is.' },
      ],
    };
  if (server.vendor !== 'self')
    return blocked('The provider of this server restarts it: in its console, or with its own command.');
  if (container !== undefined) return dockerWay(context, container, place, stopSeconds);
  if (runsOn.server.kind === 'kubectl') return podWay(runsOn.server);
  if (runsOn.server.kind !== 'local') return blocked(`How it is restarted on ${host.label}: ${SETTING}.`);
  if ('unknown' in place.here)
    return blocked(`${place.here.unknown} To restart it all the same: ${SETTING}.`);
  const found = await pgCtl(host, place.here, stopSeconds);
  return 'why' in found
    ? blocked(`${found.why} Instead, ${found.setting ?? SETTING}.`)
    : {
        way: { ...found, ...log },
        checks: [
          {
            title: 'Restart',
            status: 'ok',
            detail: 'The server is this machine’s, and no service manager watches over it.',
          },
        ],
      };
}

/** Undefined where it is none of docker's, or docker does not say: the way tells why. */
async function containerName(server: RunsOn): Promise<string | undefined> {
  if (server.kind !== 'compose') return dockerContainer(server);
  return dockerContainer(server).catch(() => undefined);
}

/** Seconds for a rollout: one that takes longer is told as failed, and goes on. */
const ROLLOUT_SECONDS = 300;

/** What makes the pod is told to make it anew. */
async function podWay(runsOn: KubectlRunsOn): Promise<Found> {
  try {
    const cluster = await pinnedCluster(runsOn);
    const pod = await podOf(cluster, runsOn);
    const workload = await workloadOf(cluster, pod);
    if (workload === undefined)
      return blocked(
        `Nothing makes the pod ${pod.name} anew that kubectl could restart. Instead, ${SETTING}.`,
      );
    const { wanted } = await countOf(cluster, workload);
    const what = workloadText(workload);
    return {
      way: {
        kind: 'command',
        on: 'here',
        command: 'sh',
        args: ['-c', rolloutLine(cluster, what, ROLLOUT_SECONDS)],
      },
      checks: [
        wanted > 1
          ? {
              title: 'Restart',
              status: 'warn',
              detail: `All ${wanted} pods of ${what} are made anew, one after the other.`,
            }
          : {
              title: 'Restart',
              status: 'ok',
              detail: `The server runs in ${pod.name}, which ${what} makes anew.`,
            },
      ],
    };
  } catch (error) {
    return blocked(sentenceOf(error));
  }
}

async function dockerWay(
  { host }: OpContext,
  container: string,
  { start, here }: Place,
  stopSeconds: number,
): Promise<Found> {
  const restart = ['restart', '-t', String(stopSeconds), container];
  let fast = true;
  try {
    fast = /^(SIG)?(INT|QUIT)$|^[23]$/.test(await stopSignal(container));
    const { running } = await inspect(container);
    if (!running)
      return blocked(`The container ${container} does not run: another one answers at this address.`);
  } catch (error) {
    return blocked(sentenceOf(error));
  }
  if ('unknown' in here && start.data_directory !== null)
    return blocked(`That ${container} is the container of this server is not sure: ${here.unknown}`);
  return {
    way: {
      kind: 'docker',
      on: 'here',
      // SIGTERM, which others than the newer official images are stopped with, waits for every session to go by itself
      ...(fast
        ? { command: 'docker', args: restart }
        : {
            command: 'sh',
            args: [
              '-c',
              `docker kill --signal SIGINT ${shWord(container)} && docker ${restart.map(shWord).join(' ')}`,
            ],
          }),
      container,
    },
    checks: [
      'unknown' in here
        ? {
            title: 'Restart',
            status: 'warn',
            detail: `Whether ${host.label} is where this server runs is not known: ${here.unknown}`,
          }
        : { title: 'Restart', status: 'ok', detail: `The server runs in the container ${container}.` },
    ],
  };
}
