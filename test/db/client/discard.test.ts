import { expect, test } from 'vitest';
import { client, serverTarget } from '../../support/cluster.ts';

/** 200 MB, that are never in memory together. */
const MANY = "SELECT repeat('x', 1000) AS long FROM generate_series(1, 200000)";

test('rows that nobody reads are counted, and take no memory', async () => {
  const session = await client(serverTarget());
  const before = process.memoryUsage().heapUsed;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed);
  }, 5);
  try {
    expect(await session.command(MANY)).toEqual({ tag: 'SELECT', rows: 200_000 });
    most = Math.max(most, process.memoryUsage().heapUsed);
  } finally {
    clearInterval(watch);
  }
  expect((most - before) / 2 ** 20).toBeLessThan(100);
  // the connection is as it was, after an error too
  await expect(session.command('SELECT 1/0')).rejects.toThrow(/division by zero/);
  await expect(session.command('SELECT n, 1/(n-500) FROM generate_series(1, 1000) n')).rejects.toThrow(
    /division by zero/,
  );
  expect(await session.sql('SELECT 7 AS n')).toEqual([{ n: 7 }]);
  expect(await session.command('')).toEqual({ tag: '', rows: null });
  await session.close();
});
