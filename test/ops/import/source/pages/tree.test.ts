import { expect, test } from 'vitest';
import { lower, next, upper, varint } from '../../../../../src/ops/import/source/pages/tree.ts';

/** As https://www.sqlite.org/fileformat.html has them. */
test.each<[string, bigint, number]>([
  ['00', 0n, 1],
  ['7f', 127n, 1],
  ['8100', 128n, 2],
  ['ff7f', 16_383n, 2],
  ['818000', 16_384n, 3],
  ['8fffffff7f', 0xffff_ffffn, 5],
  ['9080808000', 0x1_0000_0000n, 5],
  ['ffffffffffffff7f', 72_057_594_037_927_935n, 8],
  ['80c080808080808000', 72_057_594_037_927_936n, 9],
  ['bfffffffffffffffff', 9_223_372_036_854_775_807n, 9],
  ['ffffffffffffffffff', -1n, 9],
])('%s is %d, of %i bytes', (hex, value, size) => {
  const bytes = Buffer.from(`ee${hex}ee`, 'hex');
  expect(varint(bytes, 1)).toBe(Number(value & 0xffff_ffffn));
  expect((BigInt(upper) << 32n) | BigInt(lower)).toBe(value);
  expect(next).toBe(1 + size);
});
