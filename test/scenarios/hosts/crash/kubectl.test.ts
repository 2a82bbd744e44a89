import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';
import { moments } from './moments.ts';
import { type InPod, inPod } from './pod.ts';
import { ASLEEP, SLOW, Stage } from './stage.ts';

describe('in a pod', { timeout: 90_000 }, () => moments(inPod));

describe('in a pod, with the application stopped meanwhile', { timeout: 90_000 }, () => {
  let pod: InPod;
  let stage: Stage;
  beforeAll(async () => {
    pod = await inPod();
    const app = { stop: { kind: 'kubectl', deployment: 'backend', namespace: 'production' } };
    stage = new Stage(pod, temporaryDirectory(), 'shop', { app });
    await stage.sql('CREATE DATABASE shop');
    await stage.sql(SLOW, 'shop');
    await stage.sql("CREATE TABLE one AS SELECT 'new'::text AS value", 'shop');
    await stage.sql('CREATE INDEX ON one (slow(value))', 'shop');
    const { code, said } = await stage.run(['backup', '--yes']);
    expect(code, said).toBe(0);
    await stage.sql("UPDATE one SET value = 'old'", 'shop');
  }, 120_000);
  afterAll(() => pod?.remove());

  const replicas = () => pod.cluster.replicas('deployment', 'backend');
  const served = async () => (await stage.sql('SELECT value FROM one', 'shop'))[0]?.value;

  /** Begins a restore in place, and does something in the middle of the load, when the application is down. */
  async function inTheMiddle(then: (run: ReturnType<Stage['start']>) => unknown) {
    await pod.cluster.workload('deployment', 'backend', 3);
    const backup = await stage.oldest();
    await stage.sql("ALTER ROLE postgres SET test.slow = '60'");
    const run = stage.start(['restore', backup, '--confirm', 'shop', '--in-place']);
    try {
      await until(async () => (await stage.sql(ASLEEP)).length > 0, {
        what: `the load: ${run.said()}`,
        timeout: 40_000,
      });
      expect(await replicas()).toBe(0);
      await then(run);
    } finally {
      await stage.sql('ALTER ROLE postgres RESET test.slow');
    }
    return run;
  }

  /** As before the restore. */
  async function asBefore(): Promise<void> {
    expect(await stage.databases()).toEqual(['postgres', 'shop']);
    expect(await served()).toBe('old');
    expect(await replicas()).toBe(3);
  }

  test('killed: nothing is left there, and recover starts it with the old count', async () => {
    const run = await inTheMiddle(({ child }) => child.kill('SIGKILL'));
    expect((await run.ended).signal).toBe('SIGKILL');
    await stage.gone();
    expect(await replicas()).toBe(0);
    expect(await stage.recovered()).toContain('app-start');
    await stage.gone();
    await asBefore();
  });

  test('cancelled: it takes itself back, and starts it', async () => {
    const run = await inTheMiddle(({ child }) => child.kill('SIGINT'));
    const { code, said } = await run.ended;
    expect(code, said).toBe(1);
    await stage.gone();
    expect(await stage.recovered()).toEqual([]);
    await asBefore();
  });

  test('a pod made anew in the middle fails the run; recover goes on with the new one', async () => {
    const run = await inTheMiddle(() => pod.cluster.pod('postgres-0', { uid: 'uid-2' }));
    const { code, said } = await run.ended;
    expect(code, said).toBe(1);
    expect(said).toMatch(/UID differs/);
    await stage.gone();
    expect(await replicas()).toBe(3);
    await stage.recovered();
    await asBefore();
  });
});
