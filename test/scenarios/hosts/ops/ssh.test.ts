import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { openHost } from '../../../../src/hosts/open.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { blocks } from '../../../ops/restore/stage.ts';
import { mayBeRestarted, pgCtl, planned, removed } from '../../../ops/server/stage.ts';
import { everything } from '../../../support/fixtures/everything.ts';
import { clusterInMemory } from '../../../support/memory.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../../support/sshd.ts';
import { inside } from './stage.ts';
import { backupsAreMade, type Place, workIsDone } from './story.ts';

vi.setConfig({ testTimeout: 300_000 });

const PASSWORD = 'p w\\:"\'$x客';
// a directory and zstd come the same way as these
const FORMATS = [{ format: 'custom' }, { format: 'plain', compress: 'gzip' }] as const;

describe.skipIf(NO_SSHD !== undefined)(
  `backups of a server behind a real sshd, with no client on this side${NO_SSHD ? ` (${NO_SSHD})` : ''}`,
  () => {
    let cluster: Cluster;
    let sshd: Sshd;
    let place: Place;
    beforeAll(async () => {
      const home = mkdtempSync(join(tmpdir(), 'pgdeck-through-'));
      const temporary = join(home, 'there');
      mkdirSync(temporary);
      [cluster, sshd] = await Promise.all([
        clusterInMemory({ bin: inject('postgres').bin, password: PASSWORD }),
        startSshd({ TMPDIR: temporary }),
      ]);
      await mayBeRestarted(cluster);
      const { config, destination } = sshd;
      place = {
        runsOn: { kind: 'ssh', destination, config, host: '127.0.0.1', port: cluster.port },
        target: (overrides) => cluster.target({ host: '127.0.0.1', ...overrides }),
        password: PASSWORD,
        home,
        typed: `ssh -F ${config} ${destination} `,
        leftThere: async () => readdirSync(temporary),
        said: async () => readFileSync(cluster.logFile, 'utf8'),
      };
      await inside(place, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
      await inside(place, 'shop', everything);
    });
    afterAll(async () => {
      await sshd?.stop();
      await removed(cluster);
      rmSync(place.home, { recursive: true, force: true });
    });

    describe.each(FORMATS)('$format $compress', (input) => backupsAreMade(() => place, input));
    workIsDone(() => place);

    test("the profile's command restarts it, there", async () => {
      const restart = `test "$TMPDIR" = ${join(place.home, 'there')} && ${await pgCtl(cluster, 'restart', '-m', 'fast')}`;
      const started = async () => {
        const session = await connect(place.target(), 'workload', 'test');
        const [row] = await session
          .sql('SELECT pg_postmaster_start_time()::text AS at')
          .finally(() => session.close());
        return row?.at;
      };
      const before = await started();
      const context = contextOf(place.target(), place.home, {
        host: await openHost(place.runsOn),
        more: {
          restart,
          runsOn: { server: place.runsOn, migrations: { kind: 'local' }, app: { kind: 'local' } },
        },
      });
      try {
        const plan = await planned(context);
        expect(blocks(plan)).toEqual([]);
        const { end } = await carryOut(plan, context);
        expect(end, end.text).toMatchObject({ ok: true });
        expect(await started()).not.toBe(before);
      } finally {
        await context.close();
      }
    });
  },
);
