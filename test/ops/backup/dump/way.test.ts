import { expect, test } from 'vitest';
import type { Host, Transfer } from '../../../../src/hosts/host.ts';
import { local } from '../../../../src/hosts/local.ts';
import { chooseWay } from '../../../../src/ops/backup/dump/way.ts';

const GIGABYTE = 2 ** 30;
const refuse = () => Promise.reject(new Error('nothing is copied'));

/** A host elsewhere with so much room. */
function elsewhere(free: number | undefined, verifiedBy: Transfer['verifiedBy'] = 'sha256'): Host {
  const space = async () => (free === undefined ? undefined : { free, total: 10 * GIGABYTE });
  return {
    ...local,
    kind: 'ssh',
    label: 'ssh db1',
    transfer: { verifiedBy, put: refuse, send: refuse, get: refuse },
    files: { ...local.files, space },
  };
}

const estimate = { bytes: GIGABYTE, measured: true };

test('nothing is chosen where the programs write into the repository', async () => {
  expect(await chooseWay(local, 'custom', estimate, GIGABYTE)).toEqual({ way: undefined, checks: [] });
});

test.each([
  ['custom', 5 * GIGABYTE, 'written', 'ok', /^It is written there and fetched in a copy that is compared: /],
  ['custom', GIGABYTE, 'streamed', 'ok', /^It is streamed, and compared: .* restored .* more slowly/],
  [
    'plain',
    undefined,
    'streamed',
    'ok',
    /^It is streamed, and compared: how much is free .* is not known\.$/,
  ],
  ['directory', GIGABYTE, 'written', 'block', /A directory cannot be streamed/],
  ['directory', undefined, 'written', 'warn', /A directory cannot be streamed/],
] as const)('%s with %s bytes free is %s', async (format, free, way, status, detail) => {
  expect(await chooseWay(elsewhere(free), format, estimate, GIGABYTE)).toEqual({
    way,
    checks: [{ title: 'Way to the repository', status, detail: expect.stringMatching(detail) }],
  });
});

test.each([5 * GIGABYTE, GIGABYTE])(
  'where there is no sha256sum it is said that lengths alone are compared: %s bytes free',
  async (free) => {
    const { checks } = await chooseWay(elsewhere(free, 'bytes'), 'custom', estimate, GIGABYTE);
    expect(checks).toMatchObject([
      {
        status: 'warn',
        detail: expect.stringMatching(/compared by its length alone, since there is no sha256sum there/),
      },
    ]);
  },
);
