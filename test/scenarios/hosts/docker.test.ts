import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { openHost } from '../../../src/hosts/open.ts';
import { describeDocker, postgresContainer, type TestPostgres } from '../../support/docker/docker.ts';

let server: TestPostgres;
let host: Host;

describeDocker('a server in a container', () => {
  beforeAll(async () => {
    server = await postgresContainer();
    host = await openHost(server.runsOn);
  });
  afterAll(() => server.remove());

  test('its own psql reaches it', async () => {
    const { exitCode, stdout } = await host.run(
      'psql',
      ['-h', '/tmp', '-U', 'postgres', '-d', 'postgres', '-Atc', 'SHOW port'],
      { env: { PGPORT: String(server.port) } },
    );
    expect([exitCode, stdout]).toEqual([0, `${server.port}\n`]);
  });

  test('nothing is gone on with after a restart', async () => {
    const before = await openHost(server.runsOn);
    await server.restart();
    await expect(before.run('true', [])).rejects.toMatchObject({ kind: 'gone' });
    await expect(host.run('true', [])).rejects.toMatchObject({ kind: 'gone' });
    host = await openHost(server.runsOn);
    expect(await host.run('true', [])).toMatchObject({ exitCode: 0 });
  });
});
