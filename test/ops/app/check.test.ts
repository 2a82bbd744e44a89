import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { checkSteps } from '../../../src/ops/app/check.ts';
import { serverTarget } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf } from '../engine/run/stage.ts';

let server: Server | undefined;
afterEach(
  () => new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve))),
);

/** Answers with these codes in turn, the last one for ever. */
function answering(...codes: number[]): Promise<string> {
  return new Promise((resolve) => {
    const left = [...codes];
    const made = createServer((_request, response) => {
      response.writeHead((left.length > 1 ? left.shift() : left[0]) ?? 500);
      response.end('x'.repeat(100));
    });
    server = made;
    made.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(made.address() as AddressInfo).port}/health`);
    });
  });
}

async function checked(check: { url: string; status?: number; timeout?: number }) {
  const context = contextOf(serverTarget(), temporaryDirectory());
  return (await carryOut(planOf(checkSteps(check)), context)).end;
}

test('one that comes up late is waited for', async () => {
  const url = await answering(503, 503, 200);
  expect(await checked({ url, timeout: 20 })).toMatchObject({ ok: true, status: 'done' });
});

test('one that does not is told with what it said, and what was done stays', async () => {
  const end = await checked({ url: await answering(503), timeout: 1 });
  expect(end).toMatchObject({ ok: false, status: 'done' });
  expect(end.text).toMatch(
    /does not answer as expected at http:.*\/health after 1 s: 503 Service Unavailable\. What was done/,
  );
});

test('another status may be the one that is expected', async () => {
  expect(await checked({ url: await answering(401), status: 401, timeout: 5 })).toMatchObject({ ok: true });
  expect(await checked({ url: await answering(200), status: 204, timeout: 1 })).toMatchObject({ ok: false });
});

test('nobody there is told by its code', async () => {
  expect((await checked({ url: 'http://127.0.0.1:1/', timeout: 1 })).text).toMatch(/ECONNREFUSED|bad port/);
});

test('without it there is no step', () => {
  expect(checkSteps(undefined)).toEqual([]);
});
