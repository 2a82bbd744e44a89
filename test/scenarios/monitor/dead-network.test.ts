import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { summaryPoll } from '../../../src/db/queries/activity.ts';
import { SECOND, Watching } from '../../monitor/watching.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';

/*
 * A network path that dies says nothing: no error, no end. The sampler has to notice by the silence, and must not give
 * up what it has before something better is there.
 */

let db: TestDatabase;
let proxy: Server;
let port = 0;
/** Connections through the path as it was, and whether new ones get through. */
let open: Socket[] = [];
let blocked = false;
const all: Socket[] = [];

beforeAll(async () => {
  db = await testDatabase();
  const { host, port: real } = db.target();
  proxy = createServer((near) => {
    if (blocked) {
      near.destroy();
      return;
    }
    const far = dial(real, host);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
    open.push(near, far);
    all.push(near, far);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => proxy.once('listening', resolve));
  const address = proxy.address();
  port = typeof address === 'object' && address ? address.port : 0;
});

afterAll(async () => {
  for (const socket of all) socket.destroy();
  await new Promise((resolve) => proxy.close(resolve));
  await db.drop();
});

/** Nothing passes any more on the connections there are; neither side is told. */
function cut(): void {
  for (const socket of open) {
    socket.unpipe();
    socket.pause();
    socket.removeAllListeners('data');
  }
  open = [];
}

test('silence is answered by new connections beside the old ones, and by a change-over when they stand', async () => {
  const watching = new Watching({ ...db.target(), host: '127.0.0.1', port });
  const { sampler, clock } = watching;
  try {
    await watching.start(summaryPoll);
    const control = sampler.control;
    cut();
    clock.advance(SECOND);
    await until(() => sampler.stalledFor !== undefined, { what: 'a question that stays out' });

    blocked = true;
    clock.advance(16 * SECOND);
    clock.advance(SECOND);
    // a failed attempt leaves what is there: it may be all that can be had
    expect([sampler.link.state, sampler.control]).toEqual(['connected', control]);

    blocked = false;
    await until(
      () => {
        clock.advance(SECOND);
        return sampler.control !== undefined && sampler.control !== control;
      },
      { what: 'new connections' },
    );
    expect(sampler.link.state).toBe('connected');
    const before = sampler.part(summaryPoll).at;
    await until(
      () => {
        clock.advance(SECOND);
        return sampler.part(summaryPoll).at > before;
      },
      { what: 'a new answer' },
    );
  } finally {
    await sampler.stop();
  }
});
