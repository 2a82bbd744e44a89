import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/notify/channel.ts';
import { webhook } from '../../src/notify/channels/webhook.ts';
import { NotifyError } from '../../src/notify/errors.ts';
import { type GivenUp, Outbox } from '../../src/notify/outbox.ts';
import { ManualClock } from '../monitor/manual-clock.ts';
import { until } from '../support/until.ts';
import { MESSAGE, messages, Receiver } from './receiver.ts';

let clock: ManualClock;
let lost: GivenUp[];
let waits: (string | undefined)[];
beforeEach(() => {
  clock = new ManualClock();
  lost = [];
  waits = [];
});
const outboxOf = (...channels: Channel[]) =>
  new Outbox({
    ...{ channels, clock, onGivenUp: (one) => lost.push(one) },
    onWaiting: (_label, reason) => waits.push(reason),
  });

/** A channel that does what it is told. */
class Scripted implements Channel {
  readonly label: string;
  readonly got: string[] = [];
  /** When it was asked. */
  readonly asked: number[] = [];
  fails: Error | undefined;

  constructor(label = 'https://one/…') {
    this.label = label;
  }

  send: Channel['send'] = async ({ text }) => {
    this.asked.push(clock.now());
    if (this.fails) throw this.fails;
    this.got.push(text);
  };
}

/** Lets what is due happen, until nothing is left to wait for or the time has come. */
async function pass(ms: number): Promise<void> {
  const end = clock.now() + ms;
  while (clock.now() < end) {
    await new Promise(setImmediate);
    clock.advance(Math.min(500, end - clock.now()));
  }
  await new Promise(setImmediate);
}

const TEXTS = messages(5).map(({ text }) => text);

describe('a receiver that is away', () => {
  const receiver = new Receiver();
  afterEach(() => receiver.down());

  test('for two minutes: nothing is lost, the order is kept, and nobody else waits', async () => {
    await receiver.up();
    const other = new Scripted();
    const outbox = outboxOf(webhook(receiver.url()), other);
    const [first, ...more] = messages(5);
    await receiver.down();
    if (first) outbox.put(first);
    for (const message of more) outbox.put(message);
    await until(() => other.got.length === 5, { what: 'the channel that works' });
    expect(other.got).toEqual(TEXTS);
    for (const end = 120_000; clock.now() < end; ) {
      await until(() => clock.pending === 1, { what: 'the pause after an attempt' });
      clock.advance(500);
    }
    expect(outbox.pending).toBe(5);
    expect(outbox.states[0]?.failure).toBe('http://127.0.0.1/… accepts no connection.');
    await receiver.up();
    clock.advance(60_000);
    await until(() => outbox.pending === 0, { what: 'everything to arrive' });
    expect(receiver.texts).toEqual(TEXTS);
    expect([outbox.givenUp, lost, outbox.states[0]?.failure]).toEqual([0, [], null]);
  });
});

test('the pauses double up to a minute, begin anew after what arrived, and end after fifteen minutes', async () => {
  const channel = new Scripted();
  const outbox = outboxOf(channel);
  channel.fails = new NotifyError('It is away.');
  const [first, second] = messages(2);
  if (first) outbox.put(first);
  await pass(8_000);
  expect(channel.asked).toEqual([0, 1_000, 3_000, 7_000]);
  if (second) outbox.put(second);
  await pass(900_000 - 8_000 - 1);
  expect(lost).toEqual([]);
  expect(channel.asked.slice(4, 8)).toEqual([15_000, 31_000, 63_000, 123_000]);
  await pass(1);
  expect(channel.asked.at(-1)).toBe(900_000);
  expect(lost).toEqual([{ label: channel.label, message: first, reason: 'It is away.' }]);
  expect([outbox.givenUp, outbox.pending]).toEqual([1, 1]);
  // the other one was not tried yet: it has its own fifteen minutes
  channel.fails = undefined;
  await pass(60_000);
  expect(channel.got).toEqual(['Message 2.']);
  channel.fails = new NotifyError('It is away again.');
  outbox.put(MESSAGE);
  const from = clock.now();
  await pass(4_000);
  expect(channel.asked.slice(-3).map((at) => at - from)).toEqual([0, 1_000, 3_000]);
});

test('what no retry helps is given up at once, and what comes after it is sent', async () => {
  const channel = new Scripted();
  const outbox = outboxOf(channel);
  channel.fails = new NotifyError('https://one/… answered 404.', true);
  outbox.put(MESSAGE);
  await pass(1);
  expect(lost.map(({ reason }) => reason)).toEqual(['https://one/… answered 404.']);
  // an error that is not ours is told by its kind: its words may hold anything
  channel.fails = new TypeError('https://one/secret');
  outbox.put(MESSAGE);
  await pass(1);
  expect(outbox.states[0]?.failure).toBe('https://one/… could not be told (TypeError).');
  channel.fails = undefined;
  await pass(1_000);
  expect(channel.got).toHaveLength(1);
  // what waits is said once, and that it has come; what was given up is said by itself
  expect(waits).toEqual(['https://one/… could not be told (TypeError).', undefined]);
});

test('a thousand wait for one channel; then the oldest is given up', async () => {
  const channel = new Scripted();
  channel.fails = new NotifyError('It is away.');
  const outbox = outboxOf(channel);
  for (const message of messages(1_002)) outbox.put(message);
  expect([outbox.pending, outbox.givenUp]).toEqual([1_000, 2]);
  expect(lost.map(({ message }) => message.text)).toEqual(['Message 2.', 'Message 3.']);
});

test('closing does not wait for who does not listen', async () => {
  const deaf = new Scripted();
  deaf.send = () => new Promise(() => {});
  const outbox = outboxOf(deaf);
  outbox.put(MESSAGE);
  const closing = outbox.close(500);
  await pass(500);
  expect(await closing).toHaveLength(1);
});

test('closing tries once more, ends what hangs, and what has not arrived goes on in the next process', async () => {
  const [good, hangs, away] = [
    new Scripted('https://one/…'),
    new Scripted('https://one/…'),
    new Scripted('mail'),
  ];
  hangs.send = (_message, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new NotifyError('It was not waited for.')));
    });
  away.fails = new NotifyError('It is away.');
  const outbox = outboxOf(good, hangs, away);
  const [first, second] = messages(2);
  for (const one of messages(2)) outbox.put(one);
  await pass(1_000);
  const closing = outbox.close(500);
  expect(await pass(500).then(() => closing)).toEqual([
    { label: 'https://one/…', nth: 1, message: first, tried_ms: 1_500 },
    { label: 'https://one/…', nth: 1, message: second, tried_ms: 0 },
    { label: 'mail', nth: 0, message: first, tried_ms: 1_500 },
    { label: 'mail', nth: 0, message: second, tried_ms: 0 },
  ]);
  expect(good.got).toEqual(['Message 1.', 'Message 2.']);
  expect(clock.pending).toBe(0);
  outbox.put(MESSAGE);
  expect(lost.map(({ reason }) => reason)).toContain('It came when sending had ended.');

  const [one, other] = [new Scripted('https://one/…'), new Scripted('https://one/…')];
  const next = outboxOf(one, other);
  const left = next.resume(await closing);
  await pass(1);
  expect([one.got, other.got]).toEqual([[], ['Message 1.', 'Message 2.']]);
  expect(left.map(({ label }) => label)).toEqual(['mail', 'mail']);
});
