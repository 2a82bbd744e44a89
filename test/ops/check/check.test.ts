import { rm, truncate } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { reindex } from '../../../src/ops/reindex/reindex.ts';
import { client, throwawayCluster } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import {
  complaints,
  contextFor,
  disorder,
  fileOf,
  fromTheFuture,
  linesOf,
  overwrite,
  PAGE,
  planCheck,
  results,
  tableOf,
  toastOf,
  whileStopped,
} from './stage.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let major: number;
let checksums: boolean;

const here = (target = cluster.target()) => contextFor(target, home);

async function run(input: Record<string, unknown> = {}) {
  const context = here();
  return carryOut(await planCheck(context, input), context);
}

beforeAll(async () => {
  cluster = await throwawayCluster({ autovacuum: 'off' });
  const session = await client(cluster.target());
  await session.sql('CREATE EXTENSION amcheck');
  await session.sql('CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL)');
  await session.sql("INSERT INTO t SELECT g, 'name ' || g FROM generate_series(1, 5000) g");
  await session.sql('CREATE INDEX t_name ON t (name)');
  await session.sql('CREATE TABLE heap (id int PRIMARY KEY, name text NOT NULL)');
  await session.sql("INSERT INTO heap SELECT g, 'name ' || g FROM generate_series(1, 2000) g");
  await session.sql('CREATE TABLE big (id int PRIMARY KEY, body text)');
  await session.sql('ALTER TABLE big ALTER body SET STORAGE EXTERNAL');
  await session.sql('INSERT INTO big SELECT g, repeat(chr(64 + g), 5000) FROM generate_series(1, 20) g');
  const [row] = await session.sql("SELECT current_setting('data_checksums') AS checksums");
  checksums = row?.checksums === 'on';
  major = session.server.major;
  await session.close();
});
afterAll(() => cluster.remove());

describe('a server that is whole', () => {
  test('everything of it is, and that is said', async () => {
    const { end, events } = await run();
    expect(end, end.text).toMatchObject({ status: 'done', ok: true });
    expect(end.state).toMatch(/^\d+ relations are whole\. Nothing was changed\.$/);
    expect(results(events)).toMatchObject({
      'public.t': { result: 'ok', found: major >= 14 ? 'verify_heapam' : 'read' },
      'public.t_name': { result: 'ok', found: 'bt_index_check' },
    });
  });
});

test('GIN indexes, and whether a unique index has each key once, where amcheck can', async () => {
  const session = await client(cluster.target());
  await session.sql('CREATE TABLE words (id int PRIMARY KEY, w text[])');
  await session.sql('INSERT INTO words SELECT g, ARRAY[g::text] FROM generate_series(1, 2000) g');
  await session.sql('CREATE INDEX words_w ON words USING gin (w)');
  await session.close();
  const plan = await planCheck(here(), { table: ['words'] });
  expect(
    /bt_index_check\(\d+::regclass, false, true\); -- public\.words_pkey/.test(plan.steps[0]?.preview ?? ''),
  ).toBe(major >= 17);
  const { end, events } = await run({ table: ['words'] });
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(results(events)['public.words_w']).toEqual(
    major >= 18
      ? { result: 'ok', found: 'gin_index_check' }
      : { result: 'not checked', found: 'amcheck checks GIN indexes from 18 on' },
  );
});

async function mended(index: string): Promise<void> {
  const context = here();
  const plan = await reindex.plan(reindex.input.parse({ index: [index] }), context);
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ status: 'done' });
}

test('a damaged page of an index is found, mended by reindex, and whole again', async () => {
  const session = await client(cluster.target());
  const path = await fileOf(session, cluster, 't_name');
  await session.close();
  await whileStopped(cluster, () =>
    checksums ? overwrite(path, 2 * PAGE + 4000, Buffer.alloc(64, 0x5a)) : disorder(path, 2),
  );
  const { end, events } = await run({ table: ['t'] });
  expect(end).toMatchObject({ status: 'failed', next: 'pgdeck reindex --index public.t_name' });
  expect(results(events)).toMatchObject({
    'public.t_name': {
      result: 'damaged',
      found: checksums ? expect.stringContaining('invalid page') : expect.stringMatching(/order|invariant/),
    },
    'public.t': { result: 'ok' },
    'public.t_pkey': { result: 'ok' },
  });
  expect(end.text).toMatch(
    /1 relation is damaged: public\.t_name\.\nTo rebuild what is damaged: pgdeck reindex --index public\.t_name/,
  );
  expect(end.state).toMatch(
    /Nothing was changed: it was only read\. \d+ relations are whole; 1 is damaged\./,
  );
  await mended('t_name');
  expect((await run({ table: ['t'] })).end).toMatchObject({ status: 'done' });
});

test('a table with a page that cannot be read: which one, what still can be, and what brings it back', async () => {
  const before = await client(cluster.target());
  const path = await fileOf(before, cluster, 'heap');
  await before.close();
  const session = await whileStopped(cluster, () => overwrite(path, 3 * PAGE, Buffer.alloc(PAGE, 0x5a)));
  const { end, events } = await run({ table: ['heap'] });
  expect(end).toMatchObject({ status: 'failed' });
  expect(end).not.toHaveProperty('next');
  expect(results(events)['public.heap']).toMatchObject({
    result: 'damaged',
    found: expect.stringContaining('invalid page in block 3'),
  });
  expect(tableOf(events, 'Rows of public.heap')?.rows).toEqual([
    ['page 3', 'not readable', expect.stringContaining('block 3')],
  ]);
  expect(end.text).toContain('pgdeck backups list');
  expect(end.text).toContain('pgdeck restore --table public.heap --mode merge newest');
  expect(end.text).toContain('Do not set zero_damaged_pages');
  const lines = linesOf(events);
  expect(lines).toContainEqual(expect.stringMatching(/^Its file, below the data directory: base\/\d+\/\d+$/));
  const saving = lines.filter((line) => /^(SET|COPY)/.test(line));
  if (major < 14) return expect(saving).toEqual([]);
  // what it says works
  let rows = 0;
  for (const statement of saving.map((line) => line.replace(/;$/, '')))
    if (statement.startsWith('SET')) await session.sql(statement);
    else {
      const select = /^COPY \((.*)\) TO STDOUT$/s.exec(statement)?.[1] ?? '';
      rows += Number((await session.sql(`SELECT count(*)::int AS n FROM (${select}) x`))[0]?.n);
    }
  expect(rows).toBeGreaterThan(1500);
  expect(rows).toBeLessThan(2000);
});

test('a table whose file is not there: none of its rows can be read, and that is said', async () => {
  const before = await client(cluster.target());
  await before.sql('CREATE TABLE gone AS SELECT g AS id FROM generate_series(1, 100) g');
  const path = await fileOf(before, cluster, 'gone');
  await before.close();
  const session = await whileStopped(cluster, () => rm(path));
  const { end, events } = await run({ table: ['gone'] });
  expect(end).toMatchObject({ status: 'failed' });
  expect(results(events)['public.gone']).toMatchObject({ result: 'damaged' });
  const lines = linesOf(events);
  expect(lines).toContainEqual(expect.stringMatching(/^None of its rows can be read: could not open file/));
  expect(lines.join('\n')).not.toContain('can still be read');
  await session.sql('DROP TABLE gone');
});

test('values that are gone from a TOAST table: the rows they belong to, by their keys', async () => {
  const before = await client(cluster.target());
  const toast = await toastOf(before, 'big');
  const path = await fileOf(before, cluster, toast);
  await before.close();
  const session = await whileStopped(cluster, () => overwrite(path, 2 * PAGE, Buffer.alloc(PAGE, 0x5a)));
  const { end, events } = await run({ table: ['big'], read: true });
  expect(end).toMatchObject({ status: 'failed' });
  const found = tableOf(events, 'Rows of public.big')?.rows ?? [];
  expect(found.length).toBeGreaterThan(0);
  expect(found.length).toBeLessThan(20);
  const keys = found.map(([, key]) => Number(key));
  // exactly those that cannot be read
  for (let id = 1; id <= 20; id++) {
    const readable = await session.sql('SELECT length(body) FROM big WHERE id = $1', [id]).then(
      () => true,
      () => false,
    );
    expect({ id, readable }).toEqual({ id, readable: !keys.includes(id) });
  }
  const [saving] = linesOf(events).filter((line) => line.startsWith('COPY'));
  const select = /^COPY \((.*)\) TO STDOUT;$/s.exec(saving ?? '')?.[1] ?? '';
  const [left] = await session.sql(`SELECT count(body || '')::int AS n FROM (${select}) x`);
  expect(left?.n).toBe(20 - keys.length);
});

test('rows that contradict themselves are listed by place', async ({ skip }) => {
  // with checksums the page as a whole is refused; before 14 amcheck does not look at tables
  skip(checksums || major < 14);
  const before = await client(cluster.target());
  await before.sql('CREATE TABLE faulty AS SELECT generate_series(1, 100) AS id');
  const path = await fileOf(before, cluster, 'faulty');
  await before.close();
  await whileStopped(cluster, () => fromTheFuture(path, [3, 7]));
  const { end, events } = await run({ table: ['faulty'] });
  expect(end).toMatchObject({ status: 'failed' });
  expect(results(events)['public.faulty']).toMatchObject({
    result: 'damaged',
    found: expect.stringMatching(/^row \(0,3\): xmin .*, and 1 more fault$/),
  });
  expect(tableOf(events, 'Faults of public.faulty')?.rows.map(([place]) => place)).toEqual([
    'row (0,3)',
    'row (0,7)',
  ]);
  expect(linesOf(events)).toContain('Every row that is visible can still be read.');
});

/** A table whose pages VACUUM has seen, and some that were changed since. */
async function settled(name: string): Promise<string> {
  const session = await client(cluster.target());
  await session.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, name text NOT NULL)`);
  // VACUUM takes no page for seen by all while a commit is not on the disk yet
  await session.sql('SET synchronous_commit = on');
  await session.sql(`INSERT INTO ${name} SELECT g, 'name ' || g FROM generate_series(1, 2000) g`);
  await session.sql(`VACUUM ANALYZE ${name}`);
  const path = await fileOf(session, cluster, name);
  await session.close();
  return path;
}

test('rows of a page that was emptied: an index knows them, and says which', async () => {
  const path = await settled('emptied');
  const session = await whileStopped(cluster, () => overwrite(path, 3 * PAGE, Buffer.alloc(PAGE)));
  // every other look takes it for whole, and says that it has not looked for that
  const plan = await planCheck(here(), { table: ['emptied'], read: true, heapallindexed: true });
  expect(plan.facts.find(({ label }) => label === 'Not seen')?.value).toContain('emptied or cut off');
  expect((await carryOut(plan, here())).end).toMatchObject({ status: 'done' });
  const { end, events } = await run({ table: ['emptied'], lost_rows: true });
  expect(end).toMatchObject({ status: 'failed' });
  const [row] = await session.sql(
    "SELECT 2000 - count(*)::int AS lost FROM emptied r WHERE r.ctid <> '(0,0)'::tid",
  );
  expect(row?.lost).toBeGreaterThan(100);
  expect(results(events)).toMatchObject({
    'public.emptied': {
      result: 'damaged',
      found: `${row?.lost} rows that emptied_pkey knows are gone, as of pages that were emptied or cut off`,
    },
    'public.emptied_pkey': { result: 'ok' },
  });
  const keys = tableOf(events, 'Rows of public.emptied that are gone, the first 20')?.rows ?? [];
  expect(keys).toHaveLength(20);
  expect(keys.map(Number)).toEqual(keys.map(Number).sort((a, b) => a - b));
  await session.sql('SET enable_indexscan = off');
  await session.sql('SET enable_indexonlyscan = off');
  await session.sql('SET enable_bitmapscan = off');
  for (const [key] of keys)
    expect(await session.sql('SELECT FROM emptied WHERE id = $1', [Number(key)])).toEqual([]);
  expect(end.text).toContain('pgdeck restore --table public.emptied --mode merge newest');
  await session.sql('DROP TABLE emptied');
});

test('a table that was cut off between two pages: it is shorter than was noted, and is counted without asking', async () => {
  const path = await settled('cut');
  const session = await whileStopped(cluster, () => truncate(path, 5 * PAGE));
  const plan = await planCheck(here(), { table: ['cut'] });
  expect(complaints(plan)).toContainEqual(
    expect.stringMatching(/^warn Shorter than noted: cut has fewer pages .*40 kB of \d+ kB/),
  );
  const { end, events } = await run({ table: ['cut'] });
  expect(end).toMatchObject({ status: 'failed' });
  expect(results(events)['public.cut']).toMatchObject({
    result: 'damaged',
    found: expect.stringMatching(/^1,\d+ rows that cut_pkey knows are gone/),
  });
  await session.sql('DROP TABLE cut');
});

test('cut off where rows were changed since the last VACUUM: the server cannot read their page, and that is the table’s', async () => {
  const path = await settled('torn');
  const before = await client(cluster.target());
  await before.sql('UPDATE torn SET name = name || $1', ['!']);
  await before.sql('ANALYZE torn');
  await before.close();
  const session = await whileStopped(cluster, () => truncate(path, 5 * PAGE));
  const { end, events } = await run({ table: ['torn'], lost_rows: true });
  expect(end).toMatchObject({ status: 'failed' });
  expect(results(events)['public.torn']).toMatchObject({
    result: 'damaged',
    found: expect.stringMatching(/could not read block/),
  });
  expect(end).not.toHaveProperty('next');
  await session.sql('DROP TABLE torn');
});

test('an index that lacks rows is what is damaged, not its table', async () => {
  await settled('lacking');
  const session = await client(cluster.target());
  onTestFinished(() => session.close());
  await session.sql("UPDATE pg_index SET indisready = false WHERE indexrelid = 'lacking_pkey'::regclass");
  await session.sql("INSERT INTO lacking SELECT g, 'x' FROM generate_series(3001, 3010) g");
  await session.sql("UPDATE pg_index SET indisready = true WHERE indexrelid = 'lacking_pkey'::regclass");
  const { end, events } = await run({ table: ['lacking'], lost_rows: true });
  expect(end).toMatchObject({ status: 'failed', next: 'pgdeck reindex --index public.lacking_pkey' });
  expect(results(events)).toMatchObject({
    'public.lacking': { result: 'ok' },
    'public.lacking_pkey': { result: 'damaged', found: 'it lacks 10 rows of its table' },
  });
  await session.sql('DROP TABLE lacking');
});

test('rows are counted by both while others write: nothing is lost', async () => {
  await settled('busy');
  const writer = await client(cluster.target());
  onTestFinished(() => writer.close());
  let over = false;
  const writing = (async () => {
    for (let n = 3000; !over; n++) {
      await writer.sql("INSERT INTO busy VALUES ($1, 'x')", [n]);
      await writer.sql('DELETE FROM busy WHERE id = $1', [n - 2500]);
    }
  })();
  try {
    for (let n = 0; n < 5; n++) {
      const { end, events } = await run({ table: ['busy'], lost_rows: true });
      expect(end, end.text).toMatchObject({ status: 'done' });
      expect(results(events)['public.busy']).toMatchObject({ result: 'ok' });
    }
  } finally {
    over = true;
    await writing;
  }
  const none = await planCheck(here(), { table: ['t', 'busy'], lost_rows: true });
  expect(complaints(none).join()).not.toContain('Lost rows');
});

test('tables without an index that knows all rows are told where lost rows are asked for', async () => {
  const session = await client(cluster.target());
  onTestFinished(() => session.close());
  await session.sql('CREATE TABLE bare AS SELECT g AS id FROM generate_series(1, 10) g');
  await session.sql('CREATE INDEX bare_some ON bare (id) WHERE id > 5');
  const plan = await planCheck(here(), { table: ['bare'], lost_rows: true });
  expect(complaints(plan)).toContainEqual(
    'warn Lost rows: bare: no B-tree index knows all rows, so nothing says what was lost.',
  );
  await session.sql('DROP TABLE bare');
});

test.each(['serial', 'identity'] as const)(
  'a sequence that is damaged (%s) is found with its table, and is made anew as it says',
  async (way) => {
    const name = `numbered_${way}`;
    const before = await client(cluster.target());
    await before.sql(
      `CREATE TABLE ${name} (id int ${way === 'serial' ? 'DEFAULT 0' : 'GENERATED ALWAYS AS IDENTITY'} PRIMARY KEY, t text)`,
    );
    if (way === 'serial') {
      await before.sql(`CREATE SEQUENCE ${name}_id_seq OWNED BY ${name}.id`);
      await before.sql(`ALTER TABLE ${name} ALTER id SET DEFAULT nextval('${name}_id_seq')`);
    }
    await before.sql(`INSERT INTO ${name} (t) SELECT 'x' FROM generate_series(1, 9)`);
    const path = await fileOf(before, cluster, `${name}_id_seq`);
    await before.close();
    const session = await whileStopped(cluster, () => overwrite(path, 0, Buffer.alloc(PAGE)));
    const { end, events } = await run({ table: [name] });
    expect(end).toMatchObject({ status: 'failed' });
    expect(results(events)).toMatchObject({
      [`public.${name}_id_seq`]: {
        result: 'damaged',
        found: expect.stringMatching(/bad magic number|no row/),
      },
      [`public.${name}`]: { result: 'ok' },
    });
    expect(end.text).toContain(
      `A sequence is made anew, for which nothing of it has to be read: public.${name}`,
    );
    expect(end.text).not.toContain('rows cannot');
    if (way === 'identity') {
      await session.sql(`ALTER TABLE ${name} ALTER COLUMN id DROP IDENTITY`);
      await session.sql(`ALTER TABLE ${name} ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 10)`);
    } else {
      await session.sql(`ALTER TABLE ${name} ALTER COLUMN id DROP DEFAULT`);
      await session.sql(`DROP SEQUENCE ${name}_id_seq`);
      await session.sql(`CREATE SEQUENCE ${name}_id_seq OWNED BY ${name}.id START 10`);
      await session.sql(`ALTER TABLE ${name} ALTER COLUMN id SET DEFAULT nextval('${name}_id_seq')`);
    }
    expect((await run({ table: [name] })).end).toMatchObject({ status: 'done' });
    expect(await session.sql(`INSERT INTO ${name} (t) VALUES ('y') RETURNING id`)).toEqual([{ id: 10 }]);
  },
);

test('sequences of no table are read too, and one that may not be read is told', async () => {
  const session = await client(cluster.target());
  onTestFinished(() => session.close());
  await session.sql('CREATE SEQUENCE tickets');
  const plan = await planCheck(here());
  expect(plan.steps.find(({ id }) => id === 'sequences')?.preview).toMatch(
    /pg_sequence_last_value\(\d+::regclass\).*FROM "public"\."tickets"/,
  );
  await session.sql('CREATE ROLE clerk LOGIN');
  const limited = await planCheck(here(cluster.target({ user: 'clerk' })), { table: ['tickets'] });
  expect(complaints(limited)).toContainEqual('block Not checked: tickets: this role may not read it.');
});

test('what is damaged is found whatever else is: the others are told as whole', async () => {
  const { end, events } = await run();
  expect(end).toMatchObject({ status: 'failed' });
  const found = results(events);
  expect(Object.values(found).filter(({ result }) => result === 'damaged').length).toBeGreaterThanOrEqual(2);
  expect(found['public.t']).toMatchObject({ result: 'ok' });
  expect(end.text).toContain('An index can be built anew, rows cannot');
});
