import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import { contextOf } from '../../../../ops/engine/run/stage.ts';
import { dump, fingerprint, restore } from '../../../../ops/restore/tables/stage.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await session.sql(
    `CREATE TABLE paid (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
     CREATE TABLE paid_1 PARTITION OF paid FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
     CREATE TABLE paid_2 PARTITION OF paid FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY HASH (id);
     CREATE TABLE paid_2a PARTITION OF paid_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
     CREATE TABLE paid_2b PARTITION OF paid_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
     INSERT INTO paid SELECT g, DATE '2020-01-01' + g FROM generate_series(1, 700) g;
     CREATE TABLE told (id int PRIMARY KEY); INSERT INTO told SELECT generate_series(1, 9)`,
  );
  context = contextOf(database.target(), directory);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

// pg_dump does so by itself where rows are spread by the hash of an enum
const ROOT = '--load-via-partition-root';

test.each([
  ['-Fc', ['paid']],
  ['-Fd', ['paid']],
  ['-Fp', ['paid']],
  ['-Fc', ['paid_2b', 'paid_2a']],
  ['-Fc', ['paid_2', 'paid_1', 'told']],
])(
  'rows that a dump puts into the root of their partitions are put back, all of them: %s %j',
  async (format, names) => {
    const before = await fingerprint(session);
    const backup = await dump(database.target(), join(directory, `root${format}${names.join('')}`), [
      format,
      ROOT,
    ]);
    const [first = ''] = names;
    await session.sql(`DELETE FROM ${first} WHERE id % 3 = 0`);
    const { end } = await restore(context, backup, names, 'replace');
    expect(end, end.text).toMatchObject({ status: 'done' });
    expect(await fingerprint(session)).toBe(before);
  },
);

test('rows of a table that stand in more than one place of a text are all read, or none', async () => {
  const backup = await dump(database.target(), join(directory, 'twice.sql'), ['-Fp']);
  const text = await readFile(backup.archive, 'utf8');
  const [rows = ''] = /COPY public\.told [\s\S]*?\n\\\.\n/.exec(text) ?? [];
  const more = rows.replace(/stdin;\n[\s\S]*/, 'stdin;\n10\n11\n\\.\n');
  await writeFile(
    backup.archive,
    text.replace(rows, () => `${rows}\n${more}`),
  );
  const { end } = await restore(context, backup, ['told'], 'replace');
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(await session.sql('SELECT count(*)::int AS rows FROM told')).toEqual([{ rows: 11 }]);
  const ending = '\n-- PostgreSQL database dump complete';
  const whole = await readFile(backup.archive, 'utf8');
  await writeFile(
    backup.archive,
    whole.replace(ending, () => `\nINSERT INTO public.told VALUES (12);\n\n--${ending}`),
  );
  await expect(restore(context, backup, ['told'], 'replace')).rejects.toThrow(
    'because its rows are INSERT statements',
  );
  expect(await session.sql('SELECT count(*)::int AS rows FROM told')).toEqual([{ rows: 11 }]);
});
