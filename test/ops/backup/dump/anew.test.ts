import { expect, test } from 'vitest';
import { DbError } from '../../../../src/db/errors.ts';
import type { Route } from '../../../../src/db/route.ts';
import { anew } from '../../../../src/ops/backup/dump/anew.ts';

const via: Route = {
  label: 'ssh db1',
  open: async () => undefined,
  explain: async () => undefined,
  close: async () => {},
};

/** Fails so often, and then is done; told which attempt was the last. */
async function attempts(error: Error, times: number, way: { via?: Route }) {
  const lines: string[] = [];
  let at = 0;
  const io = { signal: new AbortController().signal, line: (text: string) => void lines.push(text) };
  const done = await anew(io, way, async () => {
    at += 1;
    if (at <= times) throw error;
    return 'done';
  }).catch((thrown: unknown) => thrown);
  return { done, at, lines };
}

const broke = new DbError('lost', 'The connection through ssh db1 broke.');

test('a connection that broke on the way is made again, and that is told', async () => {
  expect(await attempts(broke, 2, { via })).toEqual({
    done: 'done',
    at: 3,
    lines: Array(2).fill('The connection through ssh db1 broke. It is tried again.'),
  });
});

test.each([
  ['there is nothing on the way', broke, {}],
  ['the server itself hung up', new DbError('lost', 'It ended it.', { code: '57P01' }), { via }],
  ['it is no matter of the connection', new DbError('denied', 'No.', { code: '42501' }), { via }],
  ['it is no error of the server', new Error('no disk'), { via }],
])('not where %s', async (_why, error, way) => {
  expect(await attempts(error, 1, way)).toEqual({ done: error, at: 1, lines: [] });
});
