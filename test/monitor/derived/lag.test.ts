import { describe, expect, test } from 'vitest';
import { LagRing, ReplicationLag } from '../../../src/monitor/derived/lag.ts';

/** A primary that writes 100 bytes a second, sampled each second from second 10 to 20. */
function ring(): LagRing {
  const made = new LagRing();
  for (let s = 10; s <= 20; s++) made.push(s * 1000, s * 100);
  return made;
}

test('nothing is known before the first sample, nor of a standby that does not say', () => {
  expect(new LagRing().lag(5)).toBeNull();
  expect(ring().lag(null)).toBeNull();
});

test('caught up is 0, also when it is ahead of the sample', () => {
  expect(ring().lag(2000)).toEqual({ seconds: 0, atLeast: false });
  expect(ring().lag(2050)).toEqual({ seconds: 0, atLeast: false });
});

test('lag is the age of the first position that was not replayed', () => {
  expect(ring().lag(1500)).toEqual({ seconds: 4, atLeast: false });
  expect(ring().lag(1550)).toEqual({ seconds: 4, atLeast: false });
  expect(ring().lag(1950)).toEqual({ seconds: 0, atLeast: false });
});

test('behind everything remembered it is at least that', () => {
  expect(ring().lag(900)).toEqual({ seconds: 10, atLeast: true });
});

describe('a standby whose replay is paused', () => {
  test('falls behind while the primary writes, whatever its last reply said', () => {
    const paused = ring();
    for (let s = 21; s <= 80; s++) paused.push(s * 1000, s * 100);
    expect(paused.lag(1500)).toEqual({ seconds: 64, atLeast: false });
  });

  test('on a primary that writes nothing more the lag goes on growing', () => {
    const paused = ring();
    for (let s = 21; s <= 30; s++) paused.push(s * 1000, 2000);
    expect(paused.lag(1500)).toEqual({ seconds: 14, atLeast: false });
    expect(paused.lag(2000)).toEqual({ seconds: 0, atLeast: false });
  });
});

test('memory is bounded: after an hour the lag is at least ten minutes', () => {
  const long = new LagRing();
  for (let s = 0; s <= 3600; s++) long.push(s * 1000, s);
  const lag = long.lag(0);
  expect(lag?.atLeast).toBe(true);
  expect(lag?.seconds).toBeGreaterThanOrEqual(600);
  expect(lag?.seconds).toBeLessThan(700);
});

test('a position or a clock that went back begins anew', () => {
  const failedOver = ring();
  failedOver.push(21_000, 50);
  expect(failedOver.lag(40)).toBeNull();
  failedOver.push(23_000, 60);
  expect(failedOver.lag(40)).toEqual({ seconds: 2, atLeast: true });
  const setBack = ring();
  setBack.push(1_000, 3000);
  expect(setBack.lag(1500)).toBeNull();
});

test('a standby that has replayed all there was when it was asked is caught up, whatever was sampled later', () => {
  const lag = new ReplicationLag();
  lag.observe({ server_ms: 1000, lsn_bytes: 500, standby: false });
  const sender = { replay_lsn_bytes: 400, total_lag_bytes: 0 } as Parameters<ReplicationLag['of']>[0];
  expect(lag.of(sender)).toEqual({ seconds: 0, atLeast: false });
  // one sample says nothing of how long it is behind
  expect(lag.of({ ...sender, total_lag_bytes: 100 })).toBeNull();
});

test('what was written since a position was read is no lag of it', () => {
  // a standby reads its own every five seconds
  expect(ring().lag(1550, 16_000)).toEqual({ seconds: 0, atLeast: false });
  expect(ring().lag(1450, 16_000)).toEqual({ seconds: 1, atLeast: false });
  expect(ring().lag(1550, 15_500)).toEqual({ seconds: 0, atLeast: false });
  expect(ring().lag(900, 10_000)).toBeNull();
  const lag = new ReplicationLag();
  for (let s = 10; s <= 20; s++) lag.observe({ server_ms: s * 1000, lsn_bytes: s * 100, standby: true });
  const own = { replay_lsn_bytes: 1550, total_lag_bytes: 40, server_ms: 15_900 };
  expect(lag.of(own)).toEqual({ seconds: 0, atLeast: false });
});
