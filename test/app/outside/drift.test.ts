import { execFileSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriftLook } from '../../../src/app/outside/drift.ts';
import type { Session } from '../../../src/db/client.ts';
import { snapshotText } from '../../../src/ops/schema/format.ts';
import { takeSchemaSnapshot } from '../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';

const file = join(temporaryDirectory(), 'schema.json');
let db: TestDatabase;
let session: Session;
beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE orders (id int PRIMARY KEY, total numeric DEFAULT 0)');
  writeFileSync(file, snapshotText(await takeSchemaSnapshot(session)));
});
afterAll(() => db.drop());

const resolved = (expected?: string) => ({
  target: db.target(),
  schema: { ...(expected !== undefined && { expected }) },
});

test('without the setting nothing is expected, and nothing is looked at', async () => {
  expect(await new DriftLook().look(resolved())).toEqual({ known: null });
});

test('what differs is told, five minutes later or once the file has changed', async () => {
  const drift = new DriftLook();
  expect(await drift.look(resolved(file), 0)).toEqual({ known: { file, critical: [], minor: [] } });
  await session.sql('ALTER TABLE orders DROP CONSTRAINT orders_pkey, ALTER total SET DEFAULT 1');
  expect(await drift.look(resolved(file), 299_999)).toMatchObject({ known: { critical: [] } });
  expect(await drift.look(resolved(file), 300_001)).toMatchObject({
    known: {
      critical: [{ id: 'missing:constraint:public.orders.orders_pkey', kind: 'missing' }],
      minor: ['changed:column:public.orders.total:default'],
    },
  });
  await session.sql('ALTER TABLE orders ADD PRIMARY KEY (id), ALTER total SET DEFAULT 0');
  utimesSync(file, new Date(1_000), new Date(2_000));
  expect(await drift.look(resolved(file), 300_002)).toMatchObject({ known: { critical: [], minor: [] } });
  const left = await session.sql(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgdeck-monitor'`,
  );
  expect(left).toEqual([]);
});

test('a file that is not there, is no snapshot, or is a list: unknown, with why', async () => {
  const drift = new DriftLook();
  expect(await drift.look(resolved('/nowhere/schema.json'))).toMatchObject({
    unknown: '/nowhere/schema.json cannot be read (ENOENT).',
  });
  for (const [content, why] of [
    ['{', 'is not JSON'],
    ['{"tables":{"orders":{}}}', 'is a list'],
  ] as const) {
    writeFileSync(file, content);
    expect(await new DriftLook().look(resolved(file))).toMatchObject({
      unknown: expect.stringContaining(why),
    });
  }
});

test('what is no regular file, as a backup in a directory or a pipe, is not waited for', async () => {
  const home = temporaryDirectory();
  const pipe = join(home, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const one of [home, pipe])
    expect(await new DriftLook().look(resolved(one))).toMatchObject({
      unknown: `${one} is no file of a snapshot, which is what Health compares with.`,
    });
});

test('a server that is not there is unknown, and asked again the next time', async () => {
  writeFileSync(file, snapshotText(await takeSchemaSnapshot(session)));
  const drift = new DriftLook();
  const nowhere = { ...resolved(file), target: { ...db.target(), host: '/nowhere' } };
  expect(await drift.look(nowhere, 0)).toHaveProperty('unknown');
  expect(await drift.look(resolved(file), 1)).toMatchObject({ known: { critical: [] } });
});
