import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';

let db: TestDatabase;
let session: Session;
beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
});
afterAll(() => db.drop());

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test('what is copied out is what is copied in, however it is cut, and the rows are counted', async () => {
  expect(
    await session.copyIn('COPY t FROM STDIN (FORMAT csv)', chunks('1,"a', 'b"\n2,', '\n', '3,""\n')),
  ).toBe(3);
  const out: Buffer[] = [];
  const rows = await session.copyOut(
    'COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv, FORCE_QUOTE *)',
    async (chunk) => void out.push(chunk),
  );
  expect([rows, Buffer.concat(out).toString()]).toEqual([3, '"1","ab"\n"2",\n"3",""\n']);
});

test('megabytes, taken more slowly than they come', async () => {
  const sql = "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i) TO STDOUT";
  let size = 0;
  let working = 0;
  const rows = await session.copyOut(sql, async (chunk) => {
    expect(++working).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    size += chunk.length;
    working--;
  });
  const digits = 9 + 90 * 2 + 900 * 3 + 9000 * 4 + 90_000 * 5 + 6;
  expect([rows, size]).toEqual([100_000, 100_000 * 102 + digits]);
});

test('a statement that fails is an error of the server, and the session goes on', async () => {
  await expect(session.copyOut('COPY nowhere TO STDOUT', async () => {})).rejects.toMatchObject({
    code: '42P01',
  });
  await expect(session.copyIn('COPY t FROM STDIN', chunks('x\ty\n'))).rejects.toMatchObject({
    code: '22P02',
  });
  await expect(
    session.copyOut('COPY (SELECT 1 / (i - 5000) FROM generate_series(1, 9000) i) TO STDOUT', async () => {}),
  ).rejects.toMatchObject({ code: '22012' });
  expect(await session.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('who gives or takes the bytes fails: that is thrown, nothing was copied in, and the session goes on', async () => {
  const full = new Error('full');
  const taking = session.copyOut('COPY (SELECT generate_series(1, 200000)) TO STDOUT', () =>
    Promise.reject(full),
  );
  await expect(taking).rejects.toBe(full);
  async function* breaking(): AsyncGenerator<Buffer> {
    yield Buffer.from('7\tx\n');
    throw full;
  }
  await expect(session.copyIn('COPY t FROM STDIN', breaking())).rejects.toBe(full);
  expect(await session.sql('SELECT FROM t WHERE id = 7')).toEqual([]);
});

test('a connection that is ended meanwhile is lost, and says so', async () => {
  const other = await client(db.target());
  const copying = other.copyOut(
    'COPY (SELECT pg_sleep(0.1) FROM generate_series(1, 200)) TO STDOUT',
    async () => {},
  );
  const seen = expect(copying).rejects.toMatchObject({ kind: 'lost' });
  await expect
    .poll(() =>
      session.sql(
        'SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE pid = $1 AND state = $2',
        [other.pid, 'active'],
      ),
    )
    .toEqual([{ done: true }]);
  await seen;
});
