import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriftLook } from '../../../../src/app/outside/drift.ts';
import { outsideFacts } from '../../../../src/app/outside/facts.ts';
import { placesOf, type RunsOn } from '../../../../src/config/runs-on.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Outside } from '../../../../src/health/outside.ts';
import { local } from '../../../../src/hosts/local.ts';
import { openHost } from '../../../../src/hosts/open.ts';
import { reaching } from '../../../../src/hosts/reach.ts';
import { LogFollow } from '../../../../src/log/follow.ts';
import { LogHour } from '../../../../src/log/hour.ts';
import { placeOf } from '../../../../src/ops/settings/here.ts';
import { all, messages, say } from '../../../log/stage.ts';
import {
  container,
  describeDocker,
  docker,
  postgresContainer,
  type TestPostgres,
} from '../../../support/docker/docker.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

const SLOW = { log_min_duration_statement: '50', log_line_prefix: '%m [%p] ' };

const sessionOf = (server: TestPostgres): Promise<Session> => connect(server.target(), 'workload', 'test');

async function facts(server: TestPostgres, runsOn: RunsOn): Promise<Outside> {
  const session = await sessionOf(server);
  const places = placesOf({ runs_on: runsOn });
  const hour = new LogHour(reaching(runsOn), 50);
  try {
    return await outsideFacts({
      session,
      resolved: { target: server.target(), backup: {}, schema: {}, runsOn: places },
      env: { HOME: temporaryDirectory() },
      host: local,
      log: { read: (one) => hour.read(one, { last: true }) },
      drift: new DriftLook(),
    });
  } finally {
    await session.close();
  }
}

describeDocker('a server in a container is looked at', { timeout: 60_000 }, () => {
  let collecting: TestPostgres;
  let plain: TestPostgres;

  beforeAll(async () => {
    [collecting, plain] = await Promise.all([
      postgresContainer({ settings: { ...SLOW, logging_collector: 'on', log_filename: 'pg-%H.log' } }),
      postgresContainer({ settings: SLOW, args: ['--memory=700m', '--cpus=1'] }),
    ]);
    for (const server of [collecting, plain]) {
      const session = await sessionOf(server);
      await session.sql('SELECT pg_sleep(0.1)');
      await session.sql('SELECT 1/0').catch(() => {});
      await session.close();
    }
  }, 120_000);
  afterAll(() => Promise.all([collecting?.remove(), plain?.remove()]));

  test.each([
    [
      'the files of its collector',
      () => collecting,
      /^stderr in .*\/log on the container /,
      () => collecting.exec('sh', '-c', 'cat "$PGDATA"/log/*.log'),
    ],
    [
      'what docker keeps of its stderr',
      () => plain,
      /^stderr in the output of the container /,
      async () => (await docker(['logs', plain.id])).stderr,
    ],
  ] as const)('the last hour by %s', async (_, server, source, written) => {
    const { log } = await facts(server(), server().runsOn);
    // on a busy machine whoever waits for the server is answered that it is starting up, now and then
    const errors = (await written()).match(/ (?:ERROR|FATAL|PANIC): /g)?.length;
    expect(log).toMatchObject({
      known: {
        source: expect.stringMatching(source),
        errors,
        slow: { count: 1 },
        top: expect.arrayContaining([expect.objectContaining({ message: 'division by zero', count: 1 })]),
      },
    });
  });

  test.each([
    ['the files of its collector', () => collecting],
    ['what docker keeps of its stderr', () => plain],
  ] as const)('what is written is followed by %s', async (_, server) => {
    const session = await sessionOf(server());
    const follow = new LogFollow(reaching(server().runsOn));
    expect(await follow.open(session)).toBeUndefined();
    expect(follow.isAway).toBe(true);
    await all(follow.back(60_000));
    const long = 'x'.repeat(40_000);
    await say(session, 'first', 'über', long, 'last');
    const seen: string[] = [];
    await until(
      async () => {
        seen.push(...messages(await all(follow.more(session))));
        return seen.includes('last') || undefined;
      },
      { what: 'the last message' },
    );
    expect(seen.filter((one) => one === 'first' || one === 'über' || one === long || one === 'last')).toEqual(
      ['first', 'über', long, 'last'],
    );
    await session.close();
  });

  test('what is free where its data is, and its memory', async () => {
    const { volumes, memory, repository } = await facts(plain, plain.runsOn);
    const said = (await plain.exec('df', '-P', '-k', plain.dataDir)).split('\n')[1]?.split(/\s+/) ?? [];
    const [, , used = '0', free = '0'] = said;
    expect(volumes).toMatchObject({ known: [{ name: 'data directory' }] });
    const [data] = 'known' in volumes ? volumes.known : [];
    expect(Math.abs((data?.freeBytes ?? 0) - Number(free) * 1024)).toBeLessThan(200 * 1024 ** 2);
    expect(Math.abs((data?.totalBytes ?? 0) - (Number(used) + Number(free)) * 1024)).toBeLessThan(2 ** 30);
    expect(memory).toMatchObject({ known: expect.any(Number) });
    // a number of a device there says nothing of one here
    expect(repository).toMatchObject({ known: { here: false } });
  });

  test('the place of its settings: directory, programs, cores', async () => {
    const session = await sessionOf(plain);
    const host = await openHost(plain.runsOn);
    const { here } = await placeOf(host, session, plain.target());
    expect(here).toMatchObject({ data: plain.dataDir, bin: expect.stringMatching(/\/bin$/), cores: 1 });
    const limit = Number(await plain.exec('cat', '/sys/fs/cgroup/memory.max').catch(() => 'max'));
    if (Number.isFinite(limit)) expect(here).toMatchObject({ memory: limit });
    await session.close();
  });

  test('another container is not taken for it', async () => {
    const session = await sessionOf(plain);
    // the same directory, begun at about the same time
    const { here } = await placeOf(await openHost(collecting.runsOn), session, plain.target());
    expect(here).toMatchObject({ unknown: expect.stringMatching(/is the data directory of another server/) });
    const none = await container();
    const other = await facts(plain, none.runsOn);
    await none.remove();
    expect(other.volumes).toMatchObject({ unknown: expect.stringMatching(/runs_on names another place/) });
    expect(other.log).toMatchObject({ unknown: expect.stringMatching(/logging_collector is off/) });
    // what needs no host is told all the same
    const gone = await facts(plain, none.runsOn);
    expect(gone.volumes).toMatchObject({ unknown: expect.stringMatching(/There is no container/) });
    expect(gone.log).toMatchObject({ unknown: expect.stringMatching(/There is no container/) });
    expect(gone.backups).toEqual({ known: [] });
    await session.close();
  });

  test('a log that docker does not keep is said to be none', async () => {
    const server = await postgresContainer({ args: ['--log-driver=none'] });
    const { log } = await facts(server, server.runsOn);
    await server.remove();
    expect(log).toMatchObject({ unknown: expect.stringMatching(/docker keeps no log of the container/) });
  });

  test('a prefix without a time: docker knows when a line was written', async () => {
    const server = await postgresContainer({ settings: { log_line_prefix: '[%p] ' } });
    const session = await sessionOf(server);
    await session.sql('SELECT 1/0').catch(() => {});
    await session.close();
    const { log } = await facts(server, server.runsOn);
    await server.remove();
    // whoever waits for the server on a busy machine may be answered that it is starting up, which is another
    expect(log).toMatchObject({
      known: {
        top: expect.arrayContaining([expect.objectContaining({ message: 'division by zero', count: 1 })]),
      },
    });
  });
});
