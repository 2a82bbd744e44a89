import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import {
  autoConf,
  autoLines,
  complaints,
  done,
  fresh,
  planSet,
  takenBack,
} from '../../../ops/settings/stage.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';
import { createStandby } from '../../../support/standby.ts';
import { until } from '../../../support/until.ts';

const home = temporaryDirectory();
let cluster: Cluster;
beforeAll(async () => {
  cluster = await throwawayCluster();
});
afterAll(() => cluster.remove());

async function here<T>(work: (context: ReturnType<typeof contextOf>) => Promise<T>): Promise<T> {
  const context = contextOf(cluster.target(), home, {
    env: { XDG_STATE_HOME: join(home, '.local', 'state') },
  });
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}

/** Sets it in a process of its own that kills itself at the point. */
async function killedAt(point: string, ...args: string[]): Promise<string> {
  const { host, port, user, database } = cluster.target();
  const child = spawn(
    process.execPath,
    [MAIN, '-h', host, '-p', String(port), '-U', user, '-d', database, ...args, '--yes'],
    { env: { ...cleanEnvironment(home), PGDECK_CRASH_AT: point }, stdio: 'ignore' },
  );
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return here(async ({ journal }) => listRuns(journal)[0]?.id ?? '');
}

const recovered = (run: string) =>
  here(async (context) => {
    const plan = await recover.plan({ run }, context);
    const steps = plan.steps.map(({ id }) => id);
    const end = await done(plan, context);
    expect(end, end.text).toMatchObject({ ok: true });
    return steps;
  });

test('killed before it is written: nothing is there, and nothing is done', async () => {
  const bytes = autoConf(cluster);
  const run = await killedAt('write', 'settings', 'set', 'work_mem', '6MB');
  expect(autoConf(cluster)).toBe(bytes);
  expect(await recovered(run)).not.toContain('reload');
  expect(await fresh(cluster.target(), 'work_mem')).toBe('4MB');
});

test('killed between the write and the reload: recover has it read, and it can be undone', async () => {
  const run = await killedAt('write:written', 'settings', 'set', 'work_mem', '6MB');
  expect(autoLines(cluster)).toEqual(["work_mem = '6MB'"]);
  expect(await fresh(cluster.target(), 'work_mem')).toBe('4MB');
  expect(await recovered(run)).toContain('reload');
  expect(await fresh(cluster.target(), 'work_mem')).toBe('6MB');
  await here(async (context) => expect(await takenBack(run, context)).toMatchObject({ ok: true }));
  expect(autoLines(cluster)).toEqual([]);
  expect(await fresh(cluster.target(), 'work_mem')).toBe('4MB');
});

test('an undo that is killed is brought to its end in the same way', async () => {
  const set = await here(async (context) => done(await planSet(context, 'work_mem', '7MB'), context));
  const run = await killedAt('write:written', 'undo', set.run);
  expect(autoLines(cluster)).toEqual([]);
  expect(await fresh(cluster.target(), 'work_mem')).toBe('7MB');
  expect(await recovered(run)).toContain('reload');
  expect(await fresh(cluster.target(), 'work_mem')).toBe('4MB');
});

test('files that break between plan and reload: it is told, and put back', { timeout: 60_000 }, async () => {
  const conf = join(cluster.dataDir, 'pgdeck.conf');
  const before = readFileSync(conf);
  const bytes = autoLines(cluster);
  await here(async (context) => {
    const plan = await planSet(context, 'work_mem', '8MB');
    const { end } = await carryOut(plan, context, {
      onEvent: (event) => {
        // when it is written, and before it is read
        if (event.type === 'finish' && event.step === 0) appendFileSync(conf, 'this is = = no setting\n');
      },
    });
    expect(await carryOut(plan, context)).toMatchObject({
      end: { ok: false, text: expect.stringContaining('cannot be read any more') },
    });
    writeFileSync(conf, before);
    expect(end).toMatchObject({
      status: 'failed',
      text: expect.stringMatching(/has not read its files again: .*pgdeck\.conf:\d+ \(syntax error\)/),
      state: expect.stringContaining('work_mem is for the server as it was'),
    });
  });
  expect(autoLines(cluster)).toEqual(bytes);
});

test('a standby: set there, and not below its primary', { timeout: 120_000 }, async () => {
  const standby = await createStandby(cluster, inject('postgres').bin);
  try {
    await standby.start();
    await until(async () => (await fresh(standby.target(), 'max_connections').catch(() => '')) === '100', {
      what: 'the standby',
      timeout: 20_000,
    });
    const context = contextOf(standby.target(), home);
    try {
      expect(complaints(await planSet(context, 'max_connections', '60'))).toEqual([
        expect.stringMatching(/^block Standby: The primary has 100|^warn Standby: It must not be less/),
      ]);
      expect(complaints(await planSet(context, 'work_mem', '6MB', { database: 'postgres' }))).toEqual([
        expect.stringMatching(/^block Server: This server is a standby/),
      ]);
      const set = await done(await planSet(context, 'work_mem', '9MB'), context);
      expect(set, set.text).toMatchObject({ status: 'done' });
      expect(await fresh(standby.target(), 'work_mem')).toBe('9MB');
      expect(await takenBack(set.run, context)).toMatchObject({ ok: true });
    } finally {
      await context.close();
    }
    await here(async (context) => {
      await until(
        async () =>
          complaints(await planSet(context, 'max_connections', '200', { no_trial: true })).some((one) =>
            /^warn Standbys: Raise it on the standbys first/.test(one),
          ),
        { what: 'the standby is seen', timeout: 20_000 },
      );
    });
  } finally {
    await standby.remove();
  }
});
