import { expect, test } from 'vitest';
import { downError } from '../../../src/hosts/docker/docker.ts';
import { type Container, containersOf } from '../../../src/hosts/docker/inspect.ts';
import { serversAmong } from '../../../src/hosts/docker/postgres.ts';

/** What docker says of a container, with the parts that a test is about. */
function container(
  name: string,
  parts: {
    image?: string;
    env?: string[];
    labels?: Record<string, string>;
    published?: { HostIp: string; HostPort: string }[];
    network?: string;
    address?: string;
    exposes?: string;
  },
): unknown {
  const { image = 'postgres:18', env = [], published = null, exposes = '5432/tcp' } = parts;
  return {
    Id: 'a'.repeat(64),
    Name: `/${name}`,
    State: { Running: true, Paused: false, StartedAt: '2026-11-29T00:00:00Z' },
    Config: { Image: image, Env: env, Labels: parts.labels ?? {}, ExposedPorts: { [exposes]: {} } },
    HostConfig: { PidMode: '', NetworkMode: parts.network ?? 'bridge' },
    NetworkSettings: {
      Ports: { [exposes]: published },
      Networks: { bridge: { IPAddress: parts.address ?? '' } },
    },
  };
}

const found = (...all: unknown[]) => serversAmong(containersOf(JSON.stringify(all)));

test('a server of compose with a published port, and no word of its password', () => {
  const servers = found(
    container('shop-db-1', {
      env: ['POSTGRES_USER=shop', 'POSTGRES_PASSWORD=geheim', 'POSTGRES_DB=orders'],
      labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' },
      published: [{ HostIp: '0.0.0.0', HostPort: '6000' }],
    }),
  );
  expect(servers).toEqual([
    {
      container: 'shop-db-1',
      image: 'postgres:18',
      compose: 'shop/db',
      port: 5432,
      address: { host: '127.0.0.1', port: 6000, how: 'published' },
      user: 'shop',
      database: 'orders',
    },
  ]);
  expect(JSON.stringify(servers)).not.toContain('geheim');
});

test('who the superuser of the official image is where nobody was named, and of others nothing is assumed', () => {
  const env = ['PG_MAJOR=17', 'PGDATA=/var/lib/postgresql/data'];
  const who = (...more: string[]) => {
    const [one] = found(container('db', { env: more }));
    return [one?.user, one?.database];
  };
  expect(who(...env)).toEqual(['postgres', 'postgres']);
  expect(who(...env, 'POSTGRES_DB=orders')).toEqual(['postgres', 'orders']);
  expect(who(...env, 'POSTGRES_USER=shop')).toEqual(['shop', 'shop']);
  expect(who()).toEqual([undefined, undefined]);
});

test('one that docker starts again and again is no server that runs', () => {
  const state = { Running: true, Restarting: true, ExitCode: 1, StartedAt: '2026-11-29T00:00:00Z' };
  const [one] = containersOf(JSON.stringify([{ ...(container('db', {}) as object), State: state }]));
  expect(downError(one as Container)?.message).toBe(
    'The container db ends and is started again, with exit code 1: docker logs db says why.',
  );
});

test.each([
  [{ Running: false, ExitCode: 1 }, /does not run: it ended with exit code 1, and docker logs db says why/],
  [{ Running: false, ExitCode: 0 }, /does not run: docker start db/],
  [{ Running: true, Paused: true }, /docker unpause db/],
])('%j is told', (state, sentence) => {
  const State = { StartedAt: '2026-11-29T00:00:00Z', ...state };
  const [one] = containersOf(JSON.stringify([{ ...(container('db', {}) as object), State }]));
  expect(downError(one as Container)?.message).toMatch(sentence);
});

test.each([
  [
    { published: [{ HostIp: '10.0.0.5', HostPort: '5432' }] },
    { host: '10.0.0.5', port: 5432, how: 'published' },
  ],
  [{ published: [{ HostIp: '::', HostPort: '5433' }] }, { host: '127.0.0.1', port: 5433, how: 'published' }],
  [{ address: '172.17.0.2' }, { host: '172.17.0.2', port: 5432, how: 'address' }],
  [
    { network: 'host', env: ['PGPORT=5499'] },
    { host: '127.0.0.1', port: 5499, how: 'host network' },
  ],
  [{ network: 'none' }, undefined],
])('%j is reached at %j', (parts, address) => {
  expect(found(container('db', parts))[0]?.address).toEqual(address);
});

test.each([
  ['postgis/postgis:17-3.5', true],
  ['registry.example:5000/team/postgresql@sha256:abc', true],
  ['timescale/timescaledb:latest-pg17', true],
  ['redis:8', false],
  ['shop/api:1', false],
])('whether %s holds a server: %s', (image, is) => {
  const one = container('x', { image, exposes: is ? '5432/tcp' : '8000/tcp', env: ['POSTGRES_DB=shop'] });
  expect(found(one)).toHaveLength(is ? 1 : 0);
});
