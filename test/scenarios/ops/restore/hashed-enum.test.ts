import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyBackup } from '../../../../src/ops/archive/verify.ts';
import { findClients } from '../../../../src/ops/programs/programs.ts';
import { backedUp, contextIn, inDatabase, restored } from '../../../ops/restore/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await session.sql(
    `CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
     CREATE TABLE told (id int, how mood, PRIMARY KEY (id, how)) PARTITION BY HASH (how);
     CREATE TABLE told_0 PARTITION OF told FOR VALUES WITH (MODULUS 2, REMAINDER 0);
     CREATE TABLE told_1 PARTITION OF told FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (id);
     CREATE TABLE told_10 PARTITION OF told_1 DEFAULT;
     CREATE TABLE plain (id int); INSERT INTO plain SELECT generate_series(1, 7);
     INSERT INTO told SELECT g, (enum_range(NULL::mood))[1 + g % 8] FROM generate_series(1, 100) g`,
  );
});
afterAll(() => db.drop());

test.each(['custom', 'directory', 'plain'])(
  'partitions by the hash of an enum, whose OIDs are others in every database, are backed up and restored: %s',
  async (format) => {
    const context = contextIn(db.target(), temporaryDirectory());
    const made = await backedUp(context, { format });
    const { clients } = await findClients(context, (await context.session()).server, ['pg_restore']);
    const found = await verifyBackup({ here: context.here }, clients, made, 'counts');
    expect(found.detail).toContain('As counted when it was made.');
    const into = `${db.database}_${format}`;
    for (const input of [{ into }, { database: db.database }, { table: ['told'] }]) {
      const { end } = await restored(context, { backup: made.id, ...input, safety_backup: false });
      expect(end, end.text).toMatchObject({ status: 'done' });
    }
    for (const one of [into, db.database])
      expect(
        await inDatabase(one, (session) => session.sql('SELECT count(*)::int AS rows FROM told')),
      ).toEqual([{ rows: 100 }]);
    await inDatabase('postgres', (session) => session.sql(`DROP DATABASE ${into}`));
    // a partition is missing: what a root has must be all
    const manifest = structuredClone(made.manifest);
    if (manifest === undefined) throw new Error();
    const tables = manifest.tables.map((one) =>
      one.name === 'told_0' ? { ...one, rows: (one.rows ?? 0) + 1 } : one,
    );
    const altered = { ...made, manifest: { ...manifest, tables } };
    expect(await verifyBackup({ here: context.here }, clients, altered, 'counts')).toMatchObject({
      ok: false,
      detail: 'public.told should hold 101 rows and holds 100 rows.',
    });
  },
);
