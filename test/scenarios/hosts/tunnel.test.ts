import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchOptions } from '../../../src/app/watch.ts';
import { resolvedFor } from '../../../src/config/profile.ts';
import { NO_SETTINGS } from '../../../src/config/settings.ts';
import { summaryPoll } from '../../../src/db/queries/activity.ts';
import { Tunnel } from '../../../src/hosts/ssh/tunnel.ts';
import { Sampler } from '../../../src/monitor/sampler.ts';
import { serverTarget } from '../../support/cluster.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';
import { until } from '../../support/until.ts';

/** Of the whole story by hand: PGDECK_TUNNEL_KILLS=9 PGDECK_TUNNEL_PAUSE=20 */
const KILLS = Number(process.env.PGDECK_TUNNEL_KILLS ?? 3);
const PAUSE = Number(process.env.PGDECK_TUNNEL_PAUSE ?? 2);

let sshd: Sshd;
beforeAll(async () => {
  if (NO_SSHD === undefined) sshd = await startSshd();
});
afterAll(() => sshd?.stop());

test.skipIf(NO_SSHD !== undefined)(
  'a tunnel that is killed again and again: the hop is named, and the figures go on after each time',
  async () => {
    const { port } = serverTarget();
    const via = new Tunnel(
      { destination: sshd.destination, config: sshd.config },
      { host: '127.0.0.1', port },
    );
    const target = { ...serverTarget(), host: 'db1.invalid', via };
    const sampler = new Sampler(watchOptions(resolvedFor(target, 'far', NO_SETTINGS), 0.5));
    const said: string[] = [];
    sampler.onEvent((event) => {
      if (event === 'link' && sampler.link.state === 'away') said.push(sampler.link.error.message);
    });
    sampler.need([summaryPoll]);
    sampler.start();
    try {
      const away: number[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        await until(() => sampler.part(summaryPoll).status === 'ok', { what: 'figures', timeout: 15_000 });
        const live = performance.now();
        await until(() => performance.now() - live > PAUSE * 1_000, {
          what: 'the pause',
          timeout: PAUSE * 2_000,
        });
        const { state } = via;
        const before = said.length;
        const killed = performance.now();
        if (state.state === 'up') end(state.at);
        await until(() => said.length > before, { what: 'that it is told' });
        await until(() => sampler.link.state === 'connected' && sampler.part(summaryPoll).status === 'ok', {
          what: 'figures after it was killed',
          timeout: 15_000,
        });
        away.push(Math.round(performance.now() - killed));
      }
      expect(said.length).toBeGreaterThanOrEqual(KILLS);
      expect(said.filter((message) => !message.includes('ssh db1'))).toEqual([]);
      expect(Math.max(...away)).toBeLessThan(10_000);
      if (process.env.PGDECK_TUNNEL_KILLS) process.stderr.write(`away for ${away.join(', ')} ms\n`);
    } finally {
      await sampler.stop();
      await via.close();
    }
  },
  (PAUSE + 20) * KILLS * 1_000,
);

/** Kills the ssh that serves a socket. */
function end(socket: string): void {
  for (const line of execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n'))
    if (/^\s*\d+ ssh /.test(line) && line.includes(socket))
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
}
