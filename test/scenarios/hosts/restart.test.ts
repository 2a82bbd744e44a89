import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Resolved } from '../../../src/config/profile.ts';
import { connect } from '../../../src/db/client.ts';
import { openHost } from '../../../src/hosts/open.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { serverRestart } from '../../../src/ops/server/restart.ts';
import { carryOut, contextOf } from '../../ops/engine/run/stage.ts';
import { complaints } from '../../ops/maintain/stage.ts';
import {
  describeDocker,
  docker,
  dockerOk,
  postgresContainer,
  type TestPostgres,
} from '../../support/docker/docker.ts';
import { temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();

describeDocker('a server in a container', () => {
  let server: TestPostgres;
  let other: TestPostgres;
  beforeAll(async () => {
    [server, other] = await Promise.all([postgresContainer(), postgresContainer()]);
  }, 120_000);
  afterAll(async () => {
    await server?.remove();
    await other?.remove();
  });

  async function contextFor(one: TestPostgres, more: Partial<Resolved> = {}): Promise<OpContext> {
    const runsOn = { server: one.runsOn, migrations: { kind: 'local' }, app: { kind: 'local' } } as const;
    const context = contextOf(server.target(), home, {
      host: await openHost(one.runsOn),
      more: { runsOn, ...more },
    });
    onTestFinished(() => context.close());
    return context;
  }

  const planned = (context: OpContext, input = {}) =>
    serverRestart.plan(serverRestart.input.parse(input), context);

  async function asked(sql: string): Promise<string> {
    const session = await connect(server.target(), 'workload', 'test');
    const [row] = await session.sql(sql).finally(() => session.close());
    return String(Object.values(row ?? {})[0]);
  }

  test('docker restarts it, and what waited is in force', { timeout: 120_000 }, async () => {
    await asked("ALTER SYSTEM SET max_connections = '66'");
    await asked('SELECT pg_reload_conf()');
    const started = await dockerOk(['inspect', '-f', '{{.State.StartedAt}}', server.id]);
    const after = join(home, 'after');
    const context = await contextFor(server, { backup: { after_restore: `touch ${after}` } });
    const plan = await planned(context);
    expect(plan.checks.filter(({ status }) => status === 'block')).toEqual([]);
    expect(plan.steps.find(({ id }) => id === 'restart')?.preview).toBe(
      `docker kill --signal SIGINT ${server.name} && docker restart -t 60 ${server.name}`,
    );
    const { end } = await carryOut(plan, context);
    expect(end, end.text).toMatchObject({ ok: true });
    expect(await asked('SHOW max_connections')).toBe('66');
    expect(await dockerOk(['inspect', '-f', '{{.State.StartedAt}}', server.id])).not.toBe(started);
    expect(existsSync(after)).toBe(true);
    // it was stopped as a server should be
    const { stderr } = await docker(['logs', server.id]);
    expect(stderr).toContain('received fast shutdown request');
    expect(stderr).not.toContain('not properly shut down');
  });

  test("another server's container is not restarted", async () => {
    expect(complaints(await planned(await contextFor(other)))).toContainEqual(
      expect.stringMatching(/^block Restart: That pgdeck-\w+ is the container of this server is not sure/),
    );
  });

  test('one that does not come back: its state and its last words, and recover starts it', {
    timeout: 120_000,
  }, async () => {
    const context = await contextFor(server, {
      restart: `docker kill --signal SIGINT ${server.name}; docker wait ${server.name}; false`,
    });
    const { end } = await carryOut(await planned(context, { timeout: 1 }), context);
    expect(end.text).toMatch(/The container pgdeck-\w+ is exited with exit code \d+\./);
    expect(end.text).toMatch(/Its last words:[\s\S]*database system is shut down/);
    expect(end).toMatchObject({ status: 'failed', state: expect.stringContaining('may be down') });
    await expect(recover.plan({}, await contextFor(server).catch(() => context))).rejects.toThrow(
      /Nothing accepts/,
    );
    await server.start();
  });
});
