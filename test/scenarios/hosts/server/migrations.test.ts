import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { resolvedFor } from '../../../../src/config/profile.ts';
import { placesOf, type RunsOn } from '../../../../src/config/runs-on.ts';
import { NO_SETTINGS } from '../../../../src/config/settings.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import { openContext } from '../../../../src/ops/engine/context.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { migrateCreate } from '../../../../src/ops/migrate/files/operation.ts';
import { up } from '../../../../src/ops/migrate/up.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import { afterStep, beforeStep } from '../../../../src/ops/restore/steps/hooks.ts';
import type { RestoreState } from '../../../../src/ops/restore/steps/state.ts';
import { carryOut, planOf } from '../../../ops/engine/run/stage.ts';
import { dbmateBinary } from '../../../ops/migrate/adapters/binary.ts';
import {
  container,
  describeDocker,
  dockerOk,
  postgresContainer,
  type TestContainer,
  type TestPostgres,
} from '../../../support/docker/docker.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

const FIRST = '-- migrate:up\nCREATE TABLE first (id int);\n\n-- migrate:down\nDROP TABLE first;\n';
const WAITING =
  '-- migrate:up\nALTER TABLE held ADD COLUMN a int;\n\n-- migrate:down\nALTER TABLE held DROP COLUMN a;\n';

describeDocker('migrations and commands where the application is', { timeout: 90_000 }, () => {
  let server: TestPostgres;
  let app: TestContainer;
  let session: Session;
  let places: { app: RunsOn; migrations: RunsOn };
  const dbmate = dbmateBinary();

  beforeAll(async () => {
    const password = 'p:w%rd of them';
    [server, app] = await Promise.all([postgresContainer({ password }), container()]);
    session = await connect(server.target(), 'workload', 'test');
    places = {
      app: app.runsOn,
      migrations: { ...app.runsOn, host: '127.0.0.1', port: server.port } as RunsOn,
    };
    await app.exec('mkdir', '-p', '/app/db/migrations');
    const program = await dbmate;
    if (program !== undefined) await dockerOk(['cp', program, `${app.name}:/usr/bin/dbmate`]);
  }, 120_000);
  afterAll(async () => {
    await session?.close();
    await Promise.all([server?.remove(), app?.remove()]);
  });

  async function contextOf(migrations = places.migrations): Promise<OpContext> {
    const home = temporaryDirectory();
    const target = server.target();
    const runsOn = placesOf({
      runs_on: server.runsOn,
      migrations: { runs_on: migrations },
      app: { runs_on: places.app },
    });
    const context = await openContext({
      resolved: { ...resolvedFor(target, 'test', NO_SETTINGS, { readOnly: false }), runsOn },
      operations: entryOf,
      env: { HOME: home, XDG_STATE_HOME: join(home, 'state') },
    });
    onTestFinished(() => context.close());
    return context;
  }

  async function write(name: string, text: string): Promise<void> {
    const path = join(temporaryDirectory(), name);
    writeFileSync(path, text);
    await dockerOk(['cp', path, `${app.name}:/app/db/migrations/${name}`]);
  }

  const planUp = (context: OpContext, more: object = {}): Promise<Plan> =>
    up.plan({ ...up.input.parse({ dir: '/app', no_backup: true, ...more }) }, context);
  const applied = async () =>
    (await session.sql('SELECT version FROM schema_migrations ORDER BY 1')).map(({ version }) => version);

  test('SQL files there are applied by our own session', async () => {
    await write('20260101000001_first.sql', FIRST);
    const context = await contextOf();
    const plan = await planUp(context);
    expect(plan.facts.find(({ label }) => label === 'Tool')?.value).toMatch('/app/db/migrations');
    expect((await carryOut(plan, context)).end).toMatchObject({ status: 'done' });
    expect(await applied()).toEqual(['20260101000001']);
    expect((await session.sql("SELECT to_regclass('first') AS t"))[0]?.t).toBe('first');
  });

  test('a new one is written there', async () => {
    const context = await contextOf();
    const plan = await migrateCreate.plan(
      migrateCreate.input.parse({ name: 'second', dir: '/app/db/migrations' }),
      context,
    );
    expect((await carryOut(plan, context)).end).toMatchObject({ status: 'done' });
    const path = plan.steps[0]?.preview ?? '';
    expect(await app.exec('cat', path)).toMatch('-- migrate:up');
    await app.exec('rm', path);
  });

  test("the team's tool there reaches the server, and is ended with what it started", async ({ skip }) => {
    if ((await dbmate) === undefined) skip('dbmate is not to be had');
    await write('20260101000002_second.sql', FIRST.replaceAll('first', 'second'));
    const context = await contextOf();
    const plan = await planUp(context, { tool: 'dbmate' });
    expect(plan.checks).toContainEqual(expect.objectContaining({ title: 'Reached', status: 'ok' }));
    const { end, events } = await carryOut(plan, context);
    expect(end).toMatchObject({ status: 'done' });
    expect(JSON.stringify(events)).not.toMatch(/w%rd|w%25rd/);
    expect(await applied()).toEqual(['20260101000001', '20260101000002']);

    // another that has to wait, and is stopped
    await session.sql('CREATE TABLE held (id int)');
    await write('20260101000003_third.sql', WAITING);
    const holder = await connect(server.target(), 'operation', 'holder');
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE public.held');
    const abort = new AbortController();
    const waiting = await contextOf();
    const run = carryOut(await planUp(waiting, { tool: 'dbmate', lock_timeout: 60 }), waiting, {
      signal: abort.signal,
    });
    const backends = () =>
      session.sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%' AND wait_event_type = 'Lock'",
      );
    await until(async () => (await backends()).length > 0, { what: 'the tool that waits', timeout: 30_000 });
    // it is seen there, without the password
    const seen = (await app.processes()).join('\n');
    expect(seen).toMatch('dbmate');
    expect(seen).not.toMatch(/w%rd|w%25rd/);
    abort.abort();
    expect((await run).end).toMatchObject({ status: 'cancelled' });
    await until(async () => !(await app.processes()).join('\n').includes('dbmate'), {
      what: 'no tool there',
      timeout: 10_000,
    });
    await until(async () => (await backends()).length === 0, { what: 'no backend', timeout: 10_000 });
    await holder.sql('ROLLBACK');
    await holder.close();
    expect(await applied()).toEqual(['20260101000001', '20260101000002']);
  });

  test('where it is not said how the server is reached from there, or another one answers, nothing is run', async () => {
    await expect(planUp(await contextOf(app.runsOn), { tool: 'dbmate' })).rejects.toThrow(
      /How the server is reached from the container .* is not said/,
    );
    const other = await postgresContainer({ password: 'p:w%rd of them' });
    onTestFinished(() => other.remove());
    const plan = await planUp(
      await contextOf({ ...app.runsOn, host: '127.0.0.1', port: other.port } as RunsOn),
      {
        tool: 'dbmate',
      },
    );
    expect(plan.checks).toContainEqual(
      expect.objectContaining({
        title: 'Reached',
        status: 'block',
        detail: expect.stringMatching(/it is another server/),
      }),
    );
  });

  test('the commands around an interruption run in the application’s container', async () => {
    const context = await contextOf();
    const state = { stopped: false, replaced: true } as unknown as RestoreState;
    const hooks = {
      before: 'echo stopped >/tmp/hook',
      after: 'echo started >>/tmp/hook',
      place: context.runsOn.app,
    };
    const plan = planOf([...beforeStep(hooks, state), ...afterStep(hooks, state)]);
    expect((await carryOut(plan, context)).end).toMatchObject({ status: 'done' });
    expect(await app.exec('cat', '/tmp/hook')).toBe('stopped\nstarted');
  });
});
