import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ping } from '../../src/notify/ping.ts';
import { ManualClock } from '../monitor/manual-clock.ts';
import { until } from '../support/until.ts';
import { Receiver } from './receiver.ts';

const receiver = new Receiver();
beforeAll(async () => void (await receiver.up()));
afterAll(() => receiver.down());

test('it is asked for once a minute while all is well, and stays away otherwise', async () => {
  const clock = new ManualClock();
  const reasons: string[] = [];
  const silences: (string | undefined)[] = [];
  let silence: () => string | undefined = () => undefined;
  const ping = new Ping({
    url: receiver.url('/ping/5ecret-id'),
    clock,
    silence: () => silence(),
    onSilent: (reason) => silences.push(reason),
    onFailed: (reason) => reasons.push(reason),
  });
  const arrived = (count: number) => until(() => ping.state.sent === count, { what: `${count} pings` });
  ping.start();
  await arrived(1);
  clock.advance(59_999);
  expect(receiver.requests).toHaveLength(1);
  clock.advance(1);
  await arrived(2);
  expect(receiver.requests[1]).toMatchObject({ method: 'GET', url: '/ping/5ecret-id' });

  silence = () => 'no backup';
  clock.advance(300_000);
  silence = () => {
    throw new Error('nobody knows');
  };
  clock.advance(60_000);
  expect(await ping.once()).toBeUndefined();
  expect(receiver.requests).toHaveLength(3);

  silence = () => undefined;
  receiver.answer = (_request, response) => response.writeHead(500).end();
  clock.advance(60_000);
  await until(() => reasons.length === 1, { what: 'the failure' });
  // each change is told once, not each minute
  expect(silences).toEqual(['no backup', expect.stringContaining('could not be found out'), undefined]);
  expect(reasons).toEqual(['http://127.0.0.1/… answered 500.']);
  expect(ping.state).toEqual({ sent: 3, failure: 'http://127.0.0.1/… answered 500.' });

  // one on its way is ended with it
  receiver.answer = () => void ping.stop();
  clock.advance(60_000);
  await until(() => receiver.requests.length === 5, { what: 'the last one' });
  await ping.stop();
  expect([clock.pending, reasons.length]).toEqual([0, 1]);
  ping.start();
  expect(clock.pending).toBe(0);
});
