import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Frames } from '../../../src/hosts/docker/frames.ts';

const frame = (kind: number, bytes: Buffer) => {
  const head = Buffer.alloc(8);
  head[0] = kind;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
};

test('two streams come apart wherever their parts are cut', () => {
  const parts = Array.from(
    { length: 40 },
    (_, i) => [1 + (i % 3 === 0 ? 1 : 0), randomBytes(i * 7)] as const,
  );
  const whole = Buffer.concat(parts.map(([kind, bytes]) => frame(kind, bytes)));
  const of = (kind: number) => Buffer.concat(parts.filter(([k]) => k === kind).map(([, bytes]) => bytes));
  for (const step of [1, 2, 7, 8, 9, 64, 1_000, whole.length]) {
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    const frames = new Frames();
    for (let at = 0; at < whole.length; at += step) {
      const taken = {
        stdout: (part: Buffer) => void out.push(part),
        stderr: (part: Buffer) => void err.push(part),
      };
      expect(frames.take(whole.subarray(at, at + step), taken)).toBe(true);
    }
    expect([Buffer.concat(out), Buffer.concat(err)], `cut every ${step}`).toEqual([of(1), of(2)]);
  }
});

test.each([0, 3, 255])('nothing of a part of kind %i is output', (kind) => {
  const seen: Buffer[] = [];
  const taken = { stdout: (part: Buffer) => void seen.push(part), stderr: () => {} };
  expect(new Frames().take(frame(kind, Buffer.from('shop')), taken)).toBe(false);
  expect(seen).toEqual([]);
});
