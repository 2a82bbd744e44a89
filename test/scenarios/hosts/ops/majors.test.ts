import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { backup } from '../../../../src/ops/backup/operation.ts';
import { serverBin } from '../../../majors/servers.ts';
import { backedUp, blocks, planRestore } from '../../../ops/restore/stage.ts';
import { clusterInMemory } from '../../../support/memory.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../../support/sshd.ts';
import { contextThrough, inside, type Through } from './stage.ts';
import { done } from './story.ts';

vi.setConfig({ testTimeout: 300_000 });

const { major: clients } = inject('postgres');

describe.skipIf(NO_SSHD !== undefined)('programs there that are of another major than the server', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  async function server(major: number): Promise<Through> {
    const cluster = await clusterInMemory({ bin: await serverBin(major) });
    onTestFinished(() => cluster.remove());
    const { destination, config } = sshd;
    return {
      runsOn: { kind: 'ssh', destination, config, host: '127.0.0.1', port: cluster.port },
      target: (overrides) => cluster.target({ host: '127.0.0.1', ...overrides }),
    };
  }

  test.skipIf(clients >= 18)('older ones are refused, with where they are and what to install', async () => {
    const place = await server(18);
    const context = await contextThrough(place, temporaryDirectory(), { database: 'postgres' });
    const plan = await backup.plan(backup.input.parse({}), context);
    expect(blocks(plan)).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^Client programs: Those of PostgreSQL ${clients}\\S* in \\S+ of ssh db1 are too old for the server \\(18\\S*\\)\\. Install postgresql-client-18`,
        ),
      ),
    );
  });

  test.skipIf(clients <= 13)('newer ones are warned of, and what they dump is restored', async () => {
    const place = await server(13);
    const home = temporaryDirectory();
    await inside(place, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
    await inside(place, 'shop', (session) =>
      session.sql('CREATE TABLE t AS SELECT i FROM generate_series(1, 1000) i'),
    );
    const context = await contextThrough(place, home);
    const plan = await backup.plan(backup.input.parse({}), context);
    expect(plan.checks).toContainEqual({
      title: 'Client programs',
      status: 'warn',
      detail: expect.stringMatching(/ of ssh db1 are newer than the server \(13\S*\)/),
    });
    const made = await backedUp(context);
    expect(made.status).toBe('ok');
    await inside(place, 'shop', (session) => session.sql('DELETE FROM t'));
    await done(await planRestore(context, { backup: made.id }), context);
    const rows = await inside(place, 'shop', (session) => session.sql('SELECT count(*)::int AS rows FROM t'));
    expect(rows).toEqual([{ rows: 1000 }]);
  });
});
