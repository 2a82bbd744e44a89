import { expect, test } from 'vitest';
import { osc52 } from '../../src/ui/clipboard.ts';

const decode = (sequence: string) =>
  Buffer.from(/52;c;([A-Za-z0-9+/=]*)/.exec(sequence)?.[1] ?? '', 'base64').toString('utf8');

test('the text travels as base64: nothing in it reaches the terminal as such', () => {
  const sequence = osc52('select \u001b[31m库存\u0007', {});
  expect(sequence).toMatch(/^\u001b\]52;c;[A-Za-z0-9+/]+=*\u0007$/);
  expect(decode(sequence)).toBe('select \u001b[31m库存\u0007');
});

test('tmux and screen get it wrapped, so that they pass it on', () => {
  expect(osc52('a', { TMUX: '/run/tmux' })).toBe('\u001bPtmux;\u001b\u001b]52;c;YQ==\u0007\u001b\\');
  expect(osc52('a', { STY: '1.pts' })).toBe('\u001bP\u001b]52;c;YQ==\u0007\u001b\\');
});

test('what a terminal would drop is cut, never in the middle of a character', () => {
  const long = '库'.repeat(100_000);
  const sequence = osc52(long, {});
  expect(sequence.length).toBeLessThanOrEqual(75_010);
  expect(sequence.length).toBeGreaterThan(74_000);
  expect(decode(sequence)).toMatch(/^库+$/);
});
