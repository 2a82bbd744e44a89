import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { asked, pgCtl, removed, restartable } from '../../../ops/server/stage.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const settings = join(home, 'settings.json');
const stopped = join(home, 'stopped');
let cluster: Cluster;
beforeAll(async () => {
  cluster = await restartable();
  const { host, port, user, database } = cluster.target();
  writeFileSync(
    settings,
    JSON.stringify({
      profiles: {
        shop: {
          ...{ host, port, user, database },
          backup: { before_restore: `touch ${stopped}`, after_restore: `rm ${stopped}` },
          // what is killed between its two halves leaves the server down
          restart: `${await pgCtl(cluster, 'stop', '-m', 'fast')}; [ ! -e ${home}/half ] && ${await pgCtl(cluster, 'start')}`,
        },
      },
    }),
  );
});
afterAll(() => removed(cluster));

const env = () => ({ ...cleanEnvironment(home), PGDECK_CONFIG: settings });

async function killedAt(point: string): Promise<string> {
  const child = spawn(
    process.execPath,
    [MAIN, '--profile', 'shop', 'server', 'restart', '--timeout', '30', '--yes'],
    { env: { ...env(), PGDECK_CRASH_AT: point }, stdio: 'ignore' },
  );
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return here(async ({ journal }) => listRuns(journal)[0]?.id ?? '');
}

async function here<T>(work: (context: OpContext) => Promise<T>): Promise<T> {
  const context = contextOf(cluster.target(), home, {
    env: { XDG_STATE_HOME: join(home, '.local', 'state') },
  });
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}

/** The ids of the steps that recover has done. */
const recovered = (input: { run?: string } = {}) =>
  here(async (context) => {
    const plan = await recover.plan(input, context);
    const { end } = await carryOut(plan, context);
    expect(end, end.text).toMatchObject({ ok: true });
    return plan.steps.map(({ id }) => id);
  });

test.each(['restart', 'restart:recorded', 'restart:sent', 'wait:end', 'verify:end'])(
  'killed at %s, with the application stopped: recover starts it again',
  { timeout: 60_000 },
  async (point) => {
    const run = await killedAt(point);
    expect(existsSync(stopped)).toBe(true);
    expect(await recovered({ run })).toEqual(['after', `recovered-${run}`]);
    expect(existsSync(stopped)).toBe(false);
    expect(await asked(cluster, 'SELECT 1')).toBe('1');
    await here(async ({ journal }) => expect(listRuns(journal).filter(leftBehind)).toEqual([]));
  },
);

test('killed before the application is stopped: nothing is left', async () => {
  const run = await killedAt('before');
  expect(existsSync(stopped)).toBe(false);
  expect(await recovered({ run })).toEqual([`recovered-${run}`]);
});

test('killed with the server down: recover starts it, then the application', {
  timeout: 90_000,
}, async () => {
  writeFileSync(join(home, 'half'), '');
  const run = await killedAt('restart:sent');
  await expect(asked(cluster, 'SELECT 1')).rejects.toThrow(/Nothing accepts/);
  rmSync(join(home, 'half'));
  expect(await recovered()).toEqual(['start', 'after', `recovered-${run}`]);
  expect(existsSync(stopped)).toBe(false);
  expect(await asked(cluster, 'SELECT 1')).toBe('1');
});
