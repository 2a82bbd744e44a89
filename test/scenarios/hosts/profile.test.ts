import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  container,
  describeDocker,
  docker,
  dockerOk,
  postgresContainer,
  type TestContainer,
  type TestPostgres,
} from '../../support/docker/docker.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { freePort } from '../../support/sshd.ts';

describeDocker('a server in a container, as somebody meets it first', () => {
  const home = temporaryDirectory();
  const file = join(home, 'settings.json');
  const env = cleanEnvironment(home, { PGDECK_CONFIG: file, PGPASSWORD: 'geheim' });
  let server: TestPostgres;
  let others: Record<'shell-less' | 'empty' | 'ended', TestContainer>;

  beforeAll(async () => {
    const port = await freePort();
    const told = { PGPORT: port, PG_MAJOR: 'any' };
    const args = Object.entries(told).map(([name, value]) => `--env=${name}=${value}`);
    const [one, bare, empty, ended] = await Promise.all([
      postgresContainer({ port, password: 'geheim', args }),
      container({ image: 'none' }),
      container({ image: 'busybox' }),
      container({ image: 'busybox', command: ['sh', '-c', 'exit 3'] }),
    ]);
    server = one;
    others = { 'shell-less': bare, empty, ended };
    await docker(['wait', ended.id]);
  }, 120_000);
  afterAll(async () => {
    await server?.remove();
    for (const one of Object.values(others ?? {})) await one.remove();
  });
  beforeEach(() => writeFileSync(file, '{}'));

  /** A profile of the server whose container is said to be another one. */
  function configure(name: string): void {
    const { host, port, user, database } = server.target();
    const runs_on = { kind: 'docker', container: name };
    writeFileSync(file, JSON.stringify({ profiles: { shop: { host, port, user, database, runs_on } } }));
  }
  async function tested() {
    const { code, stdout } = await pgdeckHere(['profile', 'test', 'shop', '--json'], env);
    const hops: { hop: string; status: string; detail: string }[] = JSON.parse(stdout).test.hops;
    return { code, failed: hops.filter(({ status }) => status === 'failed') };
  }

  test('is listed with the command that adds it, added, and every hop works', {
    timeout: 120_000,
  }, async () => {
    const listed = await pgdeckHere(['profile', 'add'], env);
    expect(listed.stdout).toMatch(
      new RegExp(
        `^${server.name} +pgdeck-test:postgres +- +127\\.0\\.0\\.1:${server.port} +host network +postgres`,
        'm',
      ),
    );
    expect(listed.stdout).not.toContain(others.empty.name);
    expect(listed.stderr).toContain(`pgdeck profile add ${server.name} --docker ${server.name}`);
    expect(await pgdeckHere(['profile', 'add', 'shop', '--docker', server.name], env)).toMatchObject({
      code: 0,
    });
    expect(JSON.parse(readFileSync(file, 'utf8')).profiles.shop).toEqual({
      ...{ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' },
      // programs there reach it by the port within, which is not the usual one
      runs_on: { kind: 'docker', container: server.name, port: server.port },
    });
    expect(await tested()).toEqual({ code: 0, failed: [] });
  });

  test('one that does not tell its port is added with the port that is given', {
    timeout: 120_000,
  }, async () => {
    const port = await freePort();
    const silent = await postgresContainer({
      port,
      password: 'geheim',
      args: ['project=silent', 'service=db', 'oneoff=False'].map(
        (one) => `--label=com.docker.compose.${one}`,
      ),
    });
    onTestFinished(() => silent.remove());
    const ways = [
      ['--docker', silent.name],
      ['--compose', 'silent/db'],
    ];
    for (const way of ways) {
      writeFileSync(file, '{}');
      const words = [
        'profile',
        'add',
        'shop',
        ...way,
        '-p',
        String(port),
        '-U',
        'postgres',
        '-d',
        'postgres',
      ];
      expect(await pgdeckHere(words, env)).toMatchObject({ code: 0 });
      expect(await tested()).toEqual({ code: 0, failed: [] });
    }
  });

  test.each([
    ['shell-less', /^There is no shell \(sh\) in the container \S+, which every command there needs/],
    ['empty', /^(psql|pg_dump), .* were not found in the container \S+\. .* see that runs_on names it/],
    ['ended', /does not run: it ended with exit code 3, and docker logs \S+ says why/],
    ['unknown', /^There is no container no-such: docker ps -a names those that there are\.$/],
  ] as const)(
    '%s: profile test says so, and no backup is planned',
    { timeout: 120_000 },
    async (which, sentence) => {
      configure(which === 'unknown' ? 'no-such' : others[which].name);
      const { code, failed } = await tested();
      expect(code).toBe(1);
      expect(failed[0]?.detail).toMatch(sentence);
      const plan = await pgdeckHere(['--profile', 'shop', 'backup', '--plan'], env);
      expect(plan.code).toBe(2);
      const [, blocked] = /BLOCK +Client programs: (.*)/.exec(plan.stdout) ?? [];
      expect(blocked).toMatch(sentence);
    },
  );

  test('one that was stopped or paused is not added, and the next step is told', async () => {
    const add = (name: string) => pgdeckHere(['profile', 'add', 'x', '--docker', name], env);
    expect((await add(others.ended.name)).stderr).toMatch(
      /ended with exit code 3, .* docker start \S+\. Then add it/,
    );
    await dockerOk(['pause', others.empty.id]);
    expect(await add(others.empty.name)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/docker unpause/),
    });
    await dockerOk(['unpause', others.empty.id]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({});
  });

  test('one with an address of its own is reached there', { timeout: 120_000 }, async ({ skip }) => {
    const network = `pgdeck-${server.port}`;
    const made = await docker(['network', 'create', network]);
    if (made.exitCode !== 0) skip(`no network can be made here: ${made.stderr.trim()}`);
    const run = ['run', '-d', '--user=999', '--network', network, '--expose=5432', '--name', network];
    const start =
      'initdb -D /tmp/d -U shop -A trust --no-sync >/dev/null && echo "host all all all trust" >>/tmp/d/pg_hba.conf && exec postgres -D /tmp/d -k /tmp -h "*"';
    const env999 = ['--env=POSTGRES_USER=shop', '--env=POSTGRES_DB=postgres'];
    try {
      await dockerOk([...run, ...env999, 'pgdeck-test:postgres', 'sh', '-c', start]);
      const listed = await pgdeckHere(['profile', 'add'], env);
      expect(listed.stdout).toMatch(new RegExp(`^${network} .* [\\d.]+:5432 +address +shop +postgres`, 'm'));
      await pgdeckHere(['profile', 'add', 'shop', '--docker', network], env);
      await expect.poll(async () => (await tested()).failed, { timeout: 30_000 }).toEqual([]);
    } finally {
      await docker(['rm', '-f', '-v', network]);
      await docker(['network', 'rm', network]);
    }
  });
});
