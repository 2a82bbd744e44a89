import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Host, Transfer } from '../../../../src/hosts/host.ts';
import { local } from '../../../../src/hosts/local.ts';
import { wayChecks } from '../../../../src/ops/restore/load/way.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const archive = { kind: 'custom', path: join(temporaryDirectory(), 'shop.dump') } as const;
const text = { kind: 'sql', path: archive.path } as const;
writeFileSync(archive.path, 'x'.repeat(2048));
const refuse = () => Promise.reject(new Error('nothing is copied'));

/** A host elsewhere with so many bytes of room. */
function elsewhere(free: number, verifiedBy: Transfer['verifiedBy'] = 'sha256'): Host {
  return {
    ...local,
    kind: 'ssh',
    label: 'ssh db1',
    transfer: { verifiedBy, put: refuse, send: refuse, get: refuse },
    files: { ...local.files, free: async () => free },
  };
}

test('what is read where it lies needs no way', async () => {
  expect(await wayChecks(local, archive)).toEqual([]);
});

test.each([
  [
    'it is copied and compared',
    elsewhere(2 ** 29),
    archive,
    'ok',
    /is copied to \S+ of ssh db1, compared, and removed/,
  ],
  [
    'a copy whose length alone can be compared is told',
    elsewhere(2 ** 29, 'bytes'),
    archive,
    'warn',
    /compared by its length alone, since there is no sha256sum there, and removed/,
  ],
  [
    'without room it is streamed',
    elsewhere(0),
    archive,
    'warn',
    /has no room for a copy .* it is streamed\.$/,
  ],
  ['text is streamed', elsewhere(0, 'bytes'), text, 'ok', /^The text is streamed to psql of ssh db1\.$/],
] as const)('%s', async (_what, host, what, status, detail) => {
  expect(await wayChecks(host, what)).toEqual([
    { title: 'Way to the server', status, detail: expect.stringMatching(detail) },
  ]);
});
