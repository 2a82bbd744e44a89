import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { headerLines } from '../../../src/app/screen/header.ts';
import { routeTo } from '../../../src/hosts/route.ts';
import { lineText } from '../../../src/text/line.ts';
import { serverTarget } from '../../support/cluster.ts';
import { type Cluster, kubectlStandIn, type PodState } from '../../support/kubectl/kubectl.ts';
import { until } from '../../support/until.ts';
import { Stage } from '../stage.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await kubectlStandIn();
});
afterAll(() => cluster.remove());
beforeEach(() => cluster.log('postgres-0', ''));

const LOOPING = { restarts: 7, waiting: ['CrashLoopBackOff', 'back-off 5m0s'], exitCode: 1 } as const;
const FULL =
  '2026-01-02 00:00:00.000 UTC [1] FATAL:  could not write lock file "postmaster.pid": No space left on device\n2026-01-02 00:00:00.001 UTC [1] LOG:  database system is shut down\n';

/** The second line of the console of a server whose pod is in that state. */
async function away(columns: number, state: PodState, log = ''): Promise<string> {
  await cluster.pod('postgres-0', state);
  await cluster.log('postgres-0', log);
  const via = routeTo({ kind: 'kubectl', pod: 'postgres-0' }, { host: 'db1', port: 5432 });
  const stage = new Stage({ ...serverTarget(), host: '127.0.0.1', port: 1, ...(via && { via }) });
  onTestFinished(() => stage.stop());
  stage.deck.start();
  await until(() => stage.deck.sampler.link.state === 'away', { what: 'the loss', timeout: 20_000 });
  return lineText(headerLines(stage.deck, columns, 24)[1] ?? []);
}

test.each([
  [80, LOOPING, FULL, 'postgres-0: No space left on device  Retry'],
  [100, LOOPING, FULL, 'postgres-0 is crash-looping: No space left on device  Retry'],
  [
    200,
    LOOPING,
    FULL,
    'postgres-0 is crash-looping, restarted 7 times, last with exit code 1: could not write lock file "postmaster.pid": No space left on device  Retry',
  ],
  [80, { ...LOOPING, exitCode: 137, reason: 'OOMKilled' }, '', 'postgres-0: memory ran out  Retry'],
  [80, LOOPING, 'starting\n', 'postgres-0 is crash-looping, restarted 7'],
] as const)(
  'at %i columns of why the pod is down the words that say most',
  async (columns, state, log, words) => {
    expect(await away(columns, state, log)).toContain(words);
  },
);
