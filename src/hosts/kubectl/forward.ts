import type { KubectlRunsOn } from '../../config/runs-on.ts';
import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Opening, Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { CommandError } from '../host.ts';
import { Kept, type KeptState } from '../kept.ts';
import { type Cluster, clusterError, clusterWords, pinnedCluster } from './kubectl.ts';
import { type Pod, podOf } from './pod.ts';
import { down } from './route.ts';

/** What a port-forward that leads nowhere looks like from a client of PostgreSQL. */
const WORTH_ASKING: ReadonlySet<ErrorKind> = new Set(['unreachable', 'lost', 'starting']);
const SERVES = /Forwarding from 127\.0\.0\.1:(\d+) -> /;

/**
 * The way to a server through `kubectl port-forward`, which ends whenever a connection is not closed as it expects
 * (CrunchyData/postgres-operator 3547), and goes on for ever when its pod is gone: it is started anew in both cases. Its
 * port is of 127.0.0.1, since kubectl knows no socket: whoever is on this machine may connect to it.
 */
export class Forward implements Route {
  readonly label: string;
  readonly #runsOn: KubectlRunsOn;
  readonly #port: number;
  #aim: { readonly cluster: Cluster; readonly pod: Pod } | undefined;
  #kept: Kept<Opening> | undefined;

  constructor(runsOn: KubectlRunsOn) {
    this.label = `kubectl port-forward ${cleanLine(runsOn.pod ?? runsOn.selector ?? '')}`;
    this.#runsOn = runsOn;
    this.#port = runsOn.port ?? 5432;
  }

  async open(): Promise<Opening> {
    const kept = this.#kept ?? (await this.#begin());
    const state = await kept.settled();
    if (state.state === 'up') return state.at;
    // the pod that it was aimed at may be gone, and another one there
    this.#release();
    throw await this.#whyDown(state);
  }

  async explain(error: DbError): Promise<DbError | undefined> {
    if (!WORTH_ASKING.has(error.kind)) return undefined;
    const aim = this.#aim;
    try {
      const cluster = aim?.cluster ?? (await pinnedCluster(this.#runsOn));
      const pod = await podOf(cluster, this.#runsOn);
      if (aim !== undefined && (pod.uid !== aim.pod.uid || pod.run !== aim.pod.run)) this.#release();
      else if (error.kind !== 'starting') this.#kept?.renew();
      return await down(cluster, pod, error);
    } catch (failure) {
      this.#release();
      return failure instanceof CommandError
        ? new DbError('unreachable', failure.message, { cause: error })
        : undefined;
    }
  }

  async close(): Promise<void> {
    this.#release();
  }

  #release(): void {
    this.#kept?.close();
    this.#kept = undefined;
    this.#aim = undefined;
  }

  /** Throws {@link DbError} where there is no pod to aim at. */
  async #begin(): Promise<Kept<Opening>> {
    try {
      const cluster = await pinnedCluster(this.#runsOn);
      const pod = await podOf(cluster, this.#runsOn);
      const trouble = pod.running ? undefined : await down(cluster, pod);
      if (trouble !== undefined) throw trouble;
      this.#aim = { cluster, pod };
      const args = [
        ...clusterWords(cluster),
        'port-forward',
        '--address=127.0.0.1',
        `pod/${pod.name}`,
        `:${this.#port}`,
      ];
      // another call may have begun it meanwhile
      this.#kept ??= new Kept(() => ({
        program: 'kubectl',
        args,
        ready: (said) => {
          const port = Number([...said.matchAll(new RegExp(SERVES, 'g'))].at(-1)?.[1]);
          return port > 0 ? { host: '127.0.0.1', port } : undefined;
        },
      }));
      return this.#kept;
    } catch (error) {
      if (error instanceof CommandError) throw new DbError('unreachable', error.message, { cause: error });
      throw error;
    }
  }

  async #whyDown(state: KeptState<Opening>): Promise<DbError> {
    if (state.state !== 'down') return new DbError('unreachable', `${this.label} is closed.`);
    const { stderr, error } = state;
    const why = error ?? clusterError(stderr);
    if (why !== undefined) return new DbError('unreachable', why.message, { cause: why });
    const said = cleanLine(stderr.trim().split('\n').at(-1) ?? '').replace(/^error: /i, '');
    return new DbError('unreachable', `${this.label} is down: ${said || 'it ended without a word'}.`, {
      next: 'It is tried again. The right to it is create on pods/portforward.',
    });
  }
}
