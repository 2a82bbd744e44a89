import { expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { dataDirectories, holdsData } from '../../../src/ops/compose/data.ts';
import type { Project } from '../../../src/ops/compose/project.ts';
import { client, serverTarget } from '../../support/cluster.ts';

const DATA = ['/var/lib/postgresql/data', '/wal', '/fast/orders'];

test.each([
  ['/var/lib/postgresql/data', true],
  ['/var/lib/postgresql', true],
  ['/var/lib/postgresql/data/pg_wal', true],
  ['/fast/', true],
  ['/wal', true],
  ['/var/lib/postgresql/data-2', false],
  ['/uploads', false],
  ['/docker-entrypoint-initdb.d', false],
])('what is mounted at %s has data of the server: %s', (destination, holds) => {
  expect(holdsData(destination, DATA)).toBe(holds);
});

test('the server says where its data is, and the container where it may not be known', async () => {
  const session = await client(serverTarget());
  const container = { environment: { PGDATA: '/pg' } } as unknown as Project['container'];
  const [row] = await session.sql("SELECT current_setting('data_directory') AS directory");
  const found = await dataDirectories(session, local, container);
  expect(found).toContain(await local.files.real(String(row?.directory)));
  expect(found).not.toContain('/pg');
  const blind = { ...session, run: async () => [{ name: 'data directory', directory: null, port: 5432 }] };
  expect(await dataDirectories(blind as never, local, container)).toEqual(['/pg', '/pg/pg_wal']);
  await session.close();
});
