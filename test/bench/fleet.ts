import { setTimeout as delay } from 'node:timers/promises';
import { findBinaries } from '../../src/hosts/cluster/binaries.ts';
import { HUNG, REFUSES, startFleet } from '../support/fleet.ts';
import { latency } from './measure.ts';
import { type Row, rowsText } from './operations/report.ts';
import { consoleIn } from './subjects.ts';
import { Program } from './terminal.ts';

/** Milliseconds from key to screen, 90th percentile. */
const KEY_MS = 25;
const PRESSES = 60;
const PRESS_GAP_MS = 137;
const WARM_UP_MS = 20_000;
const WINDOW_MS = 10_000;

/** Ten servers at a glance, of which one hangs, one refuses and one wants a password: what keys take meanwhile. */
export async function fleet(home: string, rounds: number): Promise<string> {
  const { bin } = await findBinaries();
  const servers = await startFleet(bin, home);
  const stop = () => void servers.remove().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  const { file, main, env } = consoleIn(home);
  const program = new Program(file, [main, '--config', servers.config], env);
  try {
    await program.shows(/conns !*\d/);
    await program.press(':fleet', /fleet/);
    await program.press('\r', /db10 .*no password/);
    servers.signal(HUNG, 'SIGSTOP');
    await servers.stop(REFUSES);
    await program.shows(new RegExp(`${HUNG} .*no answer[^]*${REFUSES} .*away`));
    await delay(WARM_UP_MS);
    const keys: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const before = program.usage.cpu;
      await delay(WINDOW_MS);
      cpu.push(((program.usage.cpu - before) / WINDOW_MS) * 1000);
      const moves = [
        ['j', /^▶ db02/m],
        ['k', /^▶ db01/m],
      ] as const;
      keys.push(await latency(program, moves, PRESSES, PRESS_GAP_MS));
    }
    const row = (title: string, values: readonly number[], budget?: number): Row => ({
      title,
      values,
      digits: 1,
      ...(budget !== undefined && { budget }),
    });
    return rowsText('Fleet of ten servers', [
      row('key to screen, p90 ms', keys, KEY_MS),
      row('client CPU, ms/s', cpu),
      row('RSS, MB', [program.usage.rss]),
    ]);
  } finally {
    process.off('SIGINT', stop);
    await program.quit();
    await servers.remove();
  }
}
