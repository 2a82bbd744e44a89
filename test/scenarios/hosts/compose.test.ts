import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Resolved } from '../../../src/config/profile.ts';
import { connect } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import { reachHost } from '../../../src/hosts/reach.ts';
import { composeReset } from '../../../src/ops/compose/reset.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { listBackups } from '../../../src/ops/repository/repository.ts';
import { carryOut, contextOf } from '../../ops/engine/run/stage.ts';
import { complaints } from '../../ops/maintain/stage.ts';
import { describeDocker, docker, dockerOk } from '../../support/docker/docker.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const home = temporaryDirectory();
const directory = join(home, 'shop');
const repository = join(home, 'backups');
const hasCompose = spawnSync('docker-compose', ['version']).status === 0;

const file = (port: number) => `version: "3.8"
services:
  db:
    image: pgdeck-test:postgres
    container_name: pgdeck-shop-db
    network_mode: host
    user: "999"
    stop_signal: SIGINT
    command:
      - sh
      - -c
      - '[ -s /var/lib/postgresql/d/PG_VERSION ] || initdb -D /var/lib/postgresql/d -A trust -U postgres >/dev/null; exec postgres -D /var/lib/postgresql/d -p ${port} -k /tmp -c listen_addresses=127.0.0.1'
    volumes: ["db:/var/lib/postgresql", "files:/files:ro"]
  app:
    image: pgdeck-test:dash
    network_mode: host
    command: ["sleep", "infinity"]
    stop_signal: SIGKILL
    volumes: ["files:/files"]
volumes: {db: {}, files: {}}
`;

const runsOn = (port: number) =>
  ({
    server: { kind: 'docker', container: 'pgdeck-shop-db', port },
    migrations: { kind: 'local' },
    app: { kind: 'local' },
  }) as const;

describeDocker('a development project of compose', () => {
  describe.skipIf(!hasCompose)('with docker-compose', () => {
    let target: Target;
    beforeAll(async () => {
      const port = await freePort();
      mkdirSync(directory);
      writeFileSync(join(directory, 'docker-compose.yml'), file(port));
      target = {
        ...{ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', sslmode: 'disable' },
        ...{ password: async () => undefined, connectTimeout: 5, readOnly: false },
      };
      compose('up', '-d');
      await up();
    }, 120_000);
    afterAll(() => compose('down', '-v'));

    const compose = (...words: string[]) => {
      const { status, stderr } = spawnSync('docker-compose', words, { cwd: directory, encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    };
    const up = () =>
      until(async () => (await asked('SELECT 1')) === '1', { what: 'the server', timeout: 30_000 });

    async function asked(sql: string): Promise<string> {
      const session = await connect(target, 'workload', 'test');
      const [row] = await session.sql(sql).finally(() => session.close());
      return String(Object.values(row ?? {})[0]);
    }

    async function contextFor(more: Partial<Resolved> = {}): Promise<OpContext> {
      const places = runsOn(target.port);
      const context = contextOf(target, home, {
        env: { BACKUP_DIR: repository, XDG_STATE_HOME: join(home, '.local', 'state') },
        host: await reachHost(places.server),
        more: { runsOn: places, environment: 'development', ...more },
      });
      onTestFinished(() => context.close());
      return context;
    }

    const planned = (context: OpContext) =>
      composeReset.plan(composeReset.input.parse({ timeout: 60 }), context);
    const made = (volume: string) =>
      dockerOk(['volume', 'inspect', '-f', '{{.CreatedAt}} {{.Name}}', volume]);

    test.each(['production', 'staging', undefined] as const)('%s is not reset', async (environment) => {
      const context = await contextFor();
      const { environment: _, ...rest } = context;
      const plan = await planned({ ...rest, environment });
      expect(complaints(plan)).toContainEqual(expect.stringMatching(/^block Environment: .*development/));
      expect(plan.steps).toEqual([]);
    });

    test('all is backed up, and only the volume of the server is new', { timeout: 180_000 }, async () => {
      await asked('CREATE TABLE kept AS SELECT generate_series(1, 7)');
      await asked('CREATE DATABASE shop__before_1 ALLOW_CONNECTIONS false');
      const identifier = await asked('SELECT system_identifier FROM pg_control_system()');
      const files = await made('shop_files');
      const context = await contextFor();
      const plan = await planned(context);
      expect(plan).toMatchObject({ danger: 'type-name', subject: 'shop_db' });
      expect(plan.checks.filter(({ status }) => status === 'block')).toEqual([]);
      expect(complaints(plan)).toEqual([
        expect.stringMatching(
          /^warn Not in the backup: shop__before_1 is closed .* goes with the volume for good/,
        ),
      ]);
      // the server's container sees the files of the application, which are not the server's
      expect(plan.checks).toContainEqual(
        expect.objectContaining({
          detail: 'shop_files at /files has nothing of the server: it stays as it is.',
        }),
      );
      const previews = plan.steps.map(({ preview }) => preview).join('\n');
      expect(previews).toMatch(/docker-compose -p shop --project-directory \S+ -f docker-compose.yml down\n/);
      expect(previews).toContain('docker volume rm shop_db');
      const { end } = await carryOut(plan, context);
      expect(end, end.text).toMatchObject({ ok: true });
      expect(await asked('SELECT system_identifier FROM pg_control_system()')).not.toBe(identifier);
      expect(await asked("SELECT to_regclass('kept') IS NULL")).toBe('true');
      expect(await made('shop_files')).toBe(files);
      const [backup] = await listBackups(repository);
      expect(backup).toMatchObject({ status: 'ok', manifest: { label: 'before a reset of shop' } });
      expect(backup?.manifest?.tables).toMatchObject([{ name: 'kept', rows: 7 }]);
    });

    test.each(['down:stopped', 'remove:removed'])(
      'killed at %s: recover starts the project',
      {
        timeout: 180_000,
      },
      async (point) => {
        const settings = join(home, 'settings.json');
        const { host, port, user, database } = target;
        const profile = {
          host,
          port,
          user,
          database,
          environment: 'development',
          runs_on: runsOn(port).server,
        };
        writeFileSync(settings, JSON.stringify({ profiles: { shop: profile } }));
        const words = ['--profile', 'shop', 'compose', 'reset', '--confirm', 'shop_db'];
        const killed = spawnSync(process.execPath, [MAIN, ...words], {
          encoding: 'utf8',
          env: {
            ...cleanEnvironment(home),
            ...{ DOCKER_HOST: process.env.DOCKER_HOST ?? '', BACKUP_DIR: repository },
            ...{ PGDECK_CONFIG: settings, PGDECK_CRASH_AT: point },
          },
        });
        expect(killed.signal, killed.stderr).toBe('SIGKILL');
        expect((await docker(['inspect', 'pgdeck-shop-db'])).exitCode).not.toBe(0);
        const context = await contextFor();
        const plan = await recover.plan({}, context);
        expect(plan.steps.map(({ id }) => id)).toContain('up');
        const { end } = await carryOut(plan, context);
        expect(end, end.text).toMatchObject({ ok: true });
        await up();
        expect(
          listRuns(context.journal).filter(({ status, recovered_by: by }) => status === 'interrupted' && !by),
        ).toEqual([]);
      },
    );
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
