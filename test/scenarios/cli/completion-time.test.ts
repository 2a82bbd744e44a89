import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeck, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

let cluster: Cluster;
let env: Record<string, string>;
let backup: string;

beforeAll(async () => {
  cluster = await throwawayCluster();
  const home = temporaryDirectory();
  const { host, port, user } = cluster.target();
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: 'postgres',
    BACKUP_DIR: join(home, 'backups'),
  });
  for (const words of [
    ['backup', '--yes'],
    ['profile', 'add', 'shop', '-h', host],
  ]) {
    const { code, stderr } = await pgdeckHere(words, env);
    expect(code, stderr).toBe(0);
  }
  const { stdout } = await pgdeckHere(['backups', 'list', '--json'], env);
  backup = JSON.parse(stdout).backups[0].id;
}, 60_000);
afterAll(() => cluster?.remove());

/** What is offered for the last word, and the milliseconds that it took from the start of the process to its end. */
async function completed(words: readonly string[], patience: number) {
  const began = performance.now();
  const { stdout } = await pgdeck(['complete', '--', ...words], {
    ...env,
    PGDECK_COMPLETION_TIMEOUT: String(patience),
  });
  const offered = stdout.split('\n').map((line) => line.split('\t')[0]);
  return { offered: offered.filter((word) => word !== ''), ms: performance.now() - began };
}

test('a server that answers is asked for its databases', async () => {
  expect((await completed(['-d', ''], 9_000)).offered).toEqual(['postgres']);
});

describe('while the server hangs', () => {
  const postmaster = () =>
    Number(readFileSync(join(cluster.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  beforeAll(() => {
    process.kill(postmaster(), 'SIGSTOP');
  });
  afterAll(() => {
    process.kill(postmaster(), 'SIGCONT');
  });

  test.each([1_500, 3_000])('its databases are given up when %d ms have gone by', async (patience) => {
    const { offered, ms } = await completed(['-d', ''], patience);
    expect(offered).toEqual([]);
    // it is this deadline that ends it, and no other; a machine may be busy
    expect(ms).toBeGreaterThan(patience - 200);
    expect(ms).toBeLessThan(patience + 1_000);
  });

  test.each([
    [['restore', ''], () => backup],
    [['backups', 'verify', ''], () => backup],
    [['--profile', ''], () => 'shop'],
  ])('what stands in files is offered at once: %j', async (words, expected) => {
    const patience = 9_000;
    const { offered, ms } = await completed(words, patience);
    expect(offered).toEqual([expected()]);
    expect(ms).toBeLessThan(patience / 2);
  });
});
