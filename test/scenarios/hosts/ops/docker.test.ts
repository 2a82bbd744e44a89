import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import {
  describeDocker,
  docker,
  postgresContainer,
  type TestPostgres,
} from '../../../support/docker/docker.ts';
import { everything } from '../../../support/fixtures/everything.ts';
import { inside } from './stage.ts';
import { backupsAreMade, type Place, workIsDone } from './story.ts';

vi.setConfig({ testTimeout: 300_000 });

const PASSWORD = 'p w\\:"\'$x客';
const FORMATS = [
  { format: 'custom' },
  { format: 'directory', jobs: 2 },
  { format: 'plain', compress: 'gzip' },
  { format: 'plain', compress: 'zstd' },
] as const;

describeDocker('backups of a server in a container, with no client on this side', () => {
  let server: TestPostgres;
  let place: Place;
  beforeAll(async () => {
    server = await postgresContainer({ password: PASSWORD });
    place = {
      ...{ runsOn: server.runsOn, target: server.target, password: PASSWORD },
      home: mkdtempSync(join(tmpdir(), 'pgdeck-through-')),
      typed: `docker exec -i ${server.name} `,
      // in its directory for temporary files, the server's socket apart
      leftThere: async () =>
        (await server.exec('sh', '-c', 'cd /tmp; find . -mindepth 1 | sed s,./,,'))
          .split('\n')
          .filter((name) => name !== '' && !name.startsWith('.s.PGSQL')),
      said: async () => (await docker(['logs', server.id])).stderr,
    };
    await inside(server, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
    await inside(server, 'shop', everything);
  });
  afterAll(async () => {
    await server.remove();
    rmSync(place.home, { recursive: true, force: true });
  });

  describe.each(FORMATS)('$format $compress', (input) => backupsAreMade(() => place, input));
  workIsDone(() => place);
});
