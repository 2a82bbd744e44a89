import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remoteFact } from '../../../src/app/outside/remote.ts';
import type { Copy } from '../../../src/ops/remote/copy/copy.ts';
import { noteListing } from '../../../src/ops/remote/known/known.ts';
import { temporaryDirectory } from '../../support/program.ts';

const directory = join(temporaryDirectory(), 'backups');
const remote = { kind: 's3', bucket: 'backups', prefix: 'prod' } as const;
const whose = { database: 'shop', identifier: '77', target: { host: 'db1', port: 5432 } };

const copy = (id: string, day: number, more: Partial<Copy> = {}): Copy => ({
  ...{ copy: 1, id, pgdeck: '0', database: 'shop', scope: 'full', safety: false, pinned: false, good: true },
  ...{ recipients: null, bytes: 1, files: [], group: JSON.stringify(['77', 'shop', 'full', []]) },
  created_at: `2026-01-0${day}T00:00:00.000Z`,
  pushed_at: '2026-01-09T00:00:00.000Z',
  ...more,
});

test('whole copies of this database of this server, the newest first', async () => {
  expect(await remoteFact(directory, undefined, whose)).toEqual({ known: null });
  expect(await remoteFact(directory, remote, whose)).toEqual({
    known: { place: 's3://backups/prod', copies: [] },
  });
  const copies = [
    copy('old', 1),
    copy('new', 3),
    copy('by address', 2, { group: JSON.stringify(['db1:5432', 'shop', 'full', []]) }),
    copy('another server', 4, { group: JSON.stringify(['78', 'shop', 'full', []]) }),
    copy('another database', 4, { database: 'stock' }),
    copy('definitions', 4, { scope: 'schema_only' }),
    copy('safety', 4, { safety: true }),
    copy('strange', 4, { group: '{' }),
  ];
  await noteListing(directory, remote, 's3://backups/prod', copies, new Date());
  expect(await remoteFact(directory, remote, whose)).toEqual({
    known: {
      place: 's3://backups/prod',
      copies: ['new', 'by address', 'old'].map((id, i) => ({ id, madeAt: Date.UTC(2026, 0, 3 - i) })),
    },
  });
  expect(await remoteFact(directory, { ...remote, prefix: 'other' }, whose)).toEqual({
    known: { place: 's3://backups/other', copies: [] },
  });
});
