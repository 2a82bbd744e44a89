import { createServer } from 'node:http';
import { type AddressInfo, createServer as listen } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { awaitApp } from '../../../../src/ops/project/part/app.ts';

const io = { signal: new AbortController().signal, waits: () => {} };

/** Answers with these codes, one after the other, the last one from then on. */
async function app(...codes: number[]): Promise<string> {
  const server = createServer((_, response) => {
    response.statusCode = codes.length > 1 ? (codes.shift() ?? 200) : (codes[0] ?? 200);
    response.setHeader('location', '/elsewhere');
    response.end('x');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}

test('it is asked until it answers as it should', async () => {
  const url = await app(503, 503, 200);
  expect(await awaitApp(io, { url, wait_seconds: 20 })).toBe(`${url} answers 200.`);
});

test('another answer is asked for by its number', async () => {
  const url = await app(302);
  expect(await awaitApp(io, { url, status: 302, wait_seconds: 20 })).toBe(`${url} answers 302.`);
});

test('what does not come up in time says why', async () => {
  await expect(awaitApp(io, { url: await app(500), wait_seconds: 0.1 })).rejects.toThrow(/it answers 500\./);
  const closed = listen().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const url = `http://127.0.0.1:${port}/`;
  await expect(awaitApp(io, { url, wait_seconds: 0.1 })).rejects.toThrow(/ECONNREFUSED/);
});

test('a cancelled wait ends at once', async () => {
  const abort = new AbortController();
  const asked = awaitApp({ ...io, signal: abort.signal }, { url: await app(503), wait_seconds: 60 });
  abort.abort(new Error('enough'));
  await expect(asked).rejects.toThrow();
});
