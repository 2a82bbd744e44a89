import { setTimeout as delay } from 'node:timers/promises';
import { watchOptions } from '../../../src/app/watch.ts';
import { resolve } from '../../../src/config/profile.ts';
import { NO_SETTINGS } from '../../../src/config/settings.ts';
import { place } from '../../../src/db/errors.ts';
import { CHECKS } from '../../../src/health/registry.ts';
import { local } from '../../../src/hosts/local.ts';
import { Outbox } from '../../../src/notify/outbox.ts';
import { messageOf } from '../../../src/watch/message.ts';
import { METRIC_POLLS } from '../../../src/watch/metrics/registry.ts';
import { metricsText } from '../../../src/watch/metrics/text.ts';
import { Watch } from '../../../src/watch/watch.ts';
import { simulated } from '../../bench/simulated.ts';
import { ManualClock } from '../../monitor/manual-clock.ts';

/*
 * An hour of the watch in a minute: every tick asks the server, judges and is scraped, only the clock is not real. Takes
 * a connection string and the ticks after which to look; prints what memory is left after a collection, as JSON.
 */

const [url = '', ...looks] = process.argv.slice(2);
/** Ticks between two changes of what is waived: alerts come and go. */
const WAIVED_EVERY = 120;

const clock = new ManualClock();
const began = Date.now();
const wallClock = () => began + clock.now();
const resolved = resolve({ url }, process.env, NO_SETTINGS, {});
const server = place(resolved.target);
let sent = 0;
const outbox = new Outbox({
  clock,
  channels: [
    {
      label: 'nobody',
      send: async () => {
        sent++;
      },
    },
  ],
});
const all = CHECKS.map(({ id }) => ({ id, until: '2999-12-31', reason: 'now and then' }));
const { connect } = watchOptions(resolved, 1);
const watch: Watch = new Watch({
  ...{ resolved, env: process.env, host: local, interval: 1, least: 'warning', clock, wallClock },
  polls: METRIC_POLLS,
  connect: async (purpose) => simulated(await connect(purpose), wallClock),
  waivers: () => (Math.floor(clock.now() / (WAIVED_EVERY * 1000)) % 2 === 0 ? [] : all),
  onChange: (changes) => {
    for (const change of changes) {
      const message = messageOf(change, server, wallClock());
      if (message) outbox.put(message);
    }
  },
});

/** Resolves when the last question of the fast session has been answered. */
function answered(): Promise<void> {
  return new Promise((done) => {
    const look = () => {
      if (watch.sampler.link.state !== 'connected' || watch.sampler.stalledFor !== undefined) return;
      off();
      done();
    };
    const off = watch.sampler.onEvent(look);
    look();
  });
}

const page = () =>
  metricsText({
    ...{ figures: watch.figures, server, assessment: watch.assessment, sampledAt: watch.sampledAt },
    ...{ up: watch.up, stale: watch.stale, outside: watch.outside, alerts: watch.alerts },
    notifications: { pending: outbox.pending, sent, givenUp: outbox.givenUp },
  });

const memory: { tick: number; heap: number; rss: number }[] = [];
watch.start();
await answered();
for (let tick = 1; tick <= Math.max(...looks.map(Number)); tick++) {
  clock.advance(1000);
  await answered();
  await page();
  // what is asked beside it gets its turn
  await delay(0);
  if (!looks.includes(String(tick))) continue;
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  memory.push({ tick, heap: process.memoryUsage().heapUsed / 1e6, rss: process.memoryUsage.rss() / 1e6 });
}
await watch.stop();
await outbox.close(0);
process.stdout.write(`${JSON.stringify({ memory, sent })}\n`);
process.exit(0);
