import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Purpose, type Session } from '../../src/db/client.ts';
import { Link } from '../../src/monitor/link.ts';
import type { LinkStatus } from '../../src/monitor/snapshot.ts';
import { client, type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { ManualClock } from './manual-clock.ts';

let db: TestDatabase;
const links: Link[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  await Promise.all(links.map((link) => link.close()));
  await db.drop();
});

function linkOf(
  open: (purpose: Purpose) => Promise<Session>,
  random = () => 0.5,
): { link: Link; clock: ManualClock; seen: LinkStatus[] } {
  const clock = new ManualClock();
  const seen: LinkStatus[] = [];
  const link = new Link({ connect: open, clock, random, onChange: (status) => seen.push(status) });
  links.push(link);
  return { link, clock, seen };
}

const here = (purpose: Purpose) => connect(db.target(), purpose, 'pgdeck-monitor');

/** A port at which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

function waits({ link, clock }: ReturnType<typeof linkOf>): number {
  if (link.status.state !== 'away') throw new Error(`the link is ${link.status.state}`);
  return link.status.retryAt - clock.now();
}

describe('a server that is not there', () => {
  test('is tried again after twice the time, up to half a minute, and since when is kept', async () => {
    const port = await closedPort();
    const watched = linkOf((purpose) => connect({ ...db.target(), port }, purpose));
    const seconds: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      await watched.link.connect();
      seconds.push(waits(watched) / 1000);
      watched.clock.advance(waits(watched));
    }
    expect(seconds).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30, 30]);
    expect(watched.link.status).toMatchObject({
      state: 'away',
      since: 0,
      error: { kind: 'unreachable', message: expect.stringContaining('Nothing accepts connections') },
    });
  });

  test('is tried only when its time has come', async () => {
    let attempts = 0;
    const watched = linkOf(() => {
      attempts++;
      return Promise.reject(new Error('not now'));
    });
    await watched.link.connect();
    watched.link.tick();
    watched.clock.advance(499);
    watched.link.tick();
    expect(attempts).toBe(1);
    watched.clock.advance(1);
    watched.link.tick();
    expect(attempts).toBe(2);
  });

  test.each([
    [0, 375],
    [1, 625],
  ])('a hundred consoles do not come back at once: jitter %d', async (random, ms) => {
    const watched = linkOf(
      () => Promise.reject(new Error('not now')),
      () => random,
    );
    await watched.link.connect();
    expect(waits(watched)).toBe(ms);
  });
});

test('a connection lost by itself is noticed once, and the back-off begins anew after a success', async () => {
  const admin = await client(db.target());
  const watched = linkOf(here);
  for (let round = 0; round < 2; round++) {
    await watched.link.connect();
    const { slow } = watched.link.sessions ?? {};
    await admin.sql('SELECT pg_terminate_backend($1)', [slow?.pid]);
    await until(() => watched.link.status.state === 'away', { what: 'the loss' });
    expect(watched.link.sessions).toBeUndefined();
    expect(waits(watched)).toBe(500);
  }
  expect(watched.seen.map(({ state }) => state)).toEqual([
    'connecting',
    'connected',
    'away',
    'connected',
    'away',
  ]);
});

test('when one of the connections cannot be made, none is kept', async () => {
  const opened: Session[] = [];
  const watched = linkOf(async (purpose) => {
    if (purpose === 'control') return connect({ ...db.target(), database: 'nowhere' }, purpose);
    const session = await here(purpose);
    opened.push(session);
    return session;
  });
  await watched.link.connect();
  expect(watched.link.status).toMatchObject({ state: 'away', error: { kind: 'no_database' } });
  expect(opened.map(({ lost }) => lost)).toEqual([true, true]);
});

test('closed while it connects, it keeps nothing and says nothing', async () => {
  const opened: Session[] = [];
  const watched = linkOf(async (purpose) => {
    const session = await here(purpose);
    opened.push(session);
    return session;
  });
  const connecting = watched.link.connect();
  await watched.link.close();
  await connecting;
  expect(opened.every(({ lost }) => lost)).toBe(true);
  expect(watched.seen).toEqual([{ state: 'connecting' }]);
});

test('the slow session is another one after an hour', async () => {
  const watched = linkOf(here);
  await watched.link.connect();
  const before = await watched.link.slow();
  watched.clock.advance(3_599_000);
  expect(await watched.link.slow()).toBe(before);
  watched.clock.advance(1_000);
  const after = await watched.link.slow();
  expect(after?.pid).not.toBe(before?.pid);
  expect(before?.lost).toBe(true);
  expect(watched.link.status.state).toBe('connected');
});
