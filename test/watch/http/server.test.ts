import { request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { UsageError } from '../../../src/config/usage-error.ts';
import { type Listening, type ListenOptions, listen } from '../../../src/watch/http/server.ts';
import { until } from '../../support/until.ts';

const METRICS = '# HELP pg_up up\n# TYPE pg_up gauge\npg_up 1\n';
const running: Listening[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});

async function start(options: Partial<ListenOptions> = {}): Promise<{ port: number; listening: Listening }> {
  const listening = await listen({
    ...{ host: '127.0.0.1', port: 0 },
    health: () => ({ status: 200, body: { status: 'healthy' } }),
    metrics: async () => METRICS,
    ...options,
  });
  running.push(listening);
  return { port: Number(listening.address.split(':').at(-1)), listening };
}

/** Sends bytes as they are; everything that comes back until the server ends the connection. */
async function raw(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const part of parts) socket.write(part);
  return text(socket);
}

const statusesOf = (answer: string): string[] => answer.match(/(?<=^HTTP\/1\.1 )\d+/gm) ?? [];
const get = (path: string, ...headers: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((one) => `${one}\r\n`).join('')}\r\n`;
const LAST = 'Connection: close';

test('the two pages are served to GET and HEAD, and nothing is kept of them', async () => {
  const { port } = await start({ health: () => ({ status: 503, body: { status: 'error' } }) });
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics?any=thing`);
  expect(metrics.status).toBe(200);
  expect(metrics.headers.get('content-type')).toBe(Registry.PROMETHEUS_CONTENT_TYPE);
  expect(await metrics.text()).toBe(METRICS);
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toEqual({ status: 'error' });
  for (const { headers } of [metrics, health]) {
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
  const head = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    String(METRICS.length),
    '',
  ]);
});

test('whatever else is asked for is refused, and told nothing of what was asked', async () => {
  const { port } = await start();
  const sentence = async (path: string, init?: RequestInit) => {
    const {
      status,
      headers,
      text: read,
    } = await fetch(`http://127.0.0.1:${port}${path}`, init).then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      text: await answer.text(),
    }));
    return { status, allow: headers.get('allow'), text: read };
  };
  expect(await sentence('/fix<script>')).toEqual({
    status: 404,
    allow: null,
    text: 'There are /health and /metrics here.\n',
  });
  expect((await sentence('/')).status).toBe(404);
  expect((await sentence('/metrics/')).status).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await sentence('/metrics', { method })).toMatchObject({ status: 405, allow: 'GET, HEAD' });
  const tunnel = await raw(port, 'CONNECT planted.example:443 HTTP/1.1\r\nHost: planted.example\r\n\r\n');
  expect(tunnel).toMatch(/^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD/);
  const junk = await raw(port, 'planted\r\n\r\n');
  expect(statusesOf(junk)).toEqual(['400']);
  expect(junk + tunnel).not.toContain('planted');
});

test('what is large is refused: a header, a body that is announced, one that is not', async () => {
  const { port } = await start();
  const header = await raw(port, get('/metrics', `X-Planted: ${'a'.repeat(10 * 1024)}`));
  expect(statusesOf(header)).toEqual(['413']);
  expect(header).toMatch(/nosniff[\s\S]*The request is too large\.\n$/);
  const announced = await raw(
    port,
    'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n',
    'a'.repeat(5000),
  );
  expect(statusesOf(announced)).toEqual(['413']);
  const chunk = `400\r\n${'a'.repeat(1024)}\r\n`;
  const chunked = await raw(port, get('/health', 'Transfer-Encoding: chunked'), chunk, chunk);
  expect(statusesOf(chunked)).toEqual(['413']);
  // what follows is no request of its own
  const smuggled = await raw(port, get('/health', 'Content-Length: 2000'), get('/metrics', LAST));
  expect(statusesOf(smuggled)).toEqual(['413']);
  expect(statusesOf(await raw(port, get('/health', 'Content-Length: 4', LAST), 'abcd'))).toEqual(['200']);
  expect(statusesOf(await raw(port, `${get('/health', LAST).replace('GET', 'POST')}`))).toEqual(['405']);
});

test('a request that is not complete in time is refused, wherever it stops', async () => {
  const { port } = await start({ limits: { requestMs: 300, checkedMs: 50 } });
  const slow = [
    '',
    'GET /health HT',
    'GET /health HTTP/1.1\r\nHost: x\r\n',
    get('/health', 'Content-Length: 9'),
  ];
  const answers = await Promise.all(slow.map((part) => raw(port, part)));
  expect(answers.map(statusesOf)).toEqual(slow.map(() => ['408']));
  // one that has an answer, and stops in the middle of the next request
  const second = await raw(port, get('/health'), 'GET /met');
  expect(statusesOf(second)).toEqual(['200', '408']);
});

test('requests that come together are answered in their order, and rubbish behind them is not', async () => {
  let held = Promise.withResolvers<void>();
  const { port } = await start({
    metrics: async () => {
      await held.promise;
      return METRICS;
    },
    limits: { requestsPerConnection: 3, idleMs: 50 },
  });
  const answer = raw(port, get('/metrics') + get('/health') + get('/nothing'));
  held.resolve();
  expect(statusesOf(await answer)).toEqual(['200', '200', '404']);
  // rubbish behind a request whose answer is not ready must not be answered first
  held = Promise.withResolvers();
  const rubbish = raw(port, `${get('/metrics')}rubbish\r\n\r\n`).catch(() => '');
  expect(statusesOf(await rubbish)).toEqual([]);
  held.resolve();
});

test('with a token, who does not have it is told nothing, not even which pages there are', async () => {
  const token = 'planted-secret-token';
  const { port } = await start({ token });
  const status = async (authorization?: string, path = '/metrics') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    const body = await answer.text();
    expect(body).not.toContain(token);
    return [answer.status, answer.headers.get('www-authenticate')];
  };
  expect(await status(`Bearer ${token}`)).toEqual([200, null]);
  expect(await status(`bearer  ${token} `)).toEqual([200, null]);
  for (const wrong of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${token}x`,
    `Basic ${token}`,
    token,
    'Bearer é',
  ])
    expect(await status(wrong)).toEqual([401, 'Bearer realm="pgdeck"']);
  expect((await status(undefined, '/nothing'))[0]).toBe(401);
  await expect(start({ token: ' ' })).rejects.toThrow(UsageError);
});

test('no more than so many connections are held, and an answer that cannot be made is no crash', async () => {
  const failures: string[] = [];
  const { port } = await start({
    metrics: () => Promise.reject(new Error('planted secret')),
    onError: (path, error) => failures.push(`${path} ${(error as Error).message}`),
    limits: { connections: 5 },
  });
  const failed = await raw(port, get('/metrics', LAST));
  expect(statusesOf(failed)).toEqual(['500']);
  expect(failed).not.toContain('planted');
  expect(failures).toEqual(['/metrics planted secret']);
  const held: Socket[] = [];
  let closed = 0;
  for (let i = 0; i < 12; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.once('close', () => closed++);
    socket.resume();
    held.push(socket);
  }
  await until(() => closed === 7, { what: 'seven to be let go' });
  for (const socket of held) socket.destroy();
  await until(async () => statusesOf(await raw(port, get('/health', LAST))).join() === '200', {
    what: 'room again',
  });
});

test('it ends at once, with connections that are open, and twice', async () => {
  const { port, listening } = await start();
  const idle = connect(port, '127.0.0.1');
  const asked = new Promise((resolve) => {
    httpRequest({ port, path: '/health' }, (answer) => resolve(answer.statusCode)).end();
  });
  expect(await asked).toBe(200);
  const gone = text(idle);
  const begun = performance.now();
  await Promise.all([listening.close(), listening.close()]);
  expect(performance.now() - begun).toBeLessThan(900);
  await gone;
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
});

test('where it cannot listen it says why and what to do', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(start({ port })).rejects.toMatchObject({
    name: 'UsageError',
    message: `Another program listens on 127.0.0.1:${port}.`,
    next: expect.stringContaining('ss -ltnp'),
  });
  taken.close();
  await expect(start({ host: '192.0.2.1' })).rejects.toThrow('This machine has no address 192.0.2.1.');
  await expect(start({ host: 'nowhere.invalid' })).rejects.toThrow(UsageError);
});

test('who can read the figures from outside is said, unless a token is asked for', async () => {
  expect((await start()).listening.warning).toBeUndefined();
  const everywhere = { host: '0.0.0.0' };
  expect((await start(everywhere)).listening.warning).toMatch(/^Whoever reaches 0\.0\.0\.0:\d+ can read/);
  expect((await start({ ...everywhere, token: 'secret' })).listening.warning).toBeUndefined();
});
