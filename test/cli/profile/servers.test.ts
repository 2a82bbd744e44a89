import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, kubectlStandIn } from '../../support/kubectl/kubectl.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { COMPOSE_FORMS, composeStandIn } from '../../support/ways/stand-in.ts';

const home = temporaryDirectory();
const file = join(home, 'settings.json');
const profile = () => JSON.parse(readFileSync(file, 'utf8')).profiles?.shop;
const add = (...words: string[]) =>
  pgdeckHere(['profile', 'add', ...words], cleanEnvironment(home, { PGDECK_CONFIG: file }));
beforeEach(() => writeFileSync(file, '{}'));

describe('servers in pods', () => {
  let cluster: Cluster;
  let docker: Awaited<ReturnType<typeof composeStandIn>>;
  beforeAll(async () => {
    docker = await composeStandIn('docker compose');
    await docker.set('no daemon');
    cluster = await kubectlStandIn();
  });
  afterAll(async () => {
    await cluster.remove();
    await docker.remove();
  });

  test('are listed with the command that adds each, and added with what the manifest says', async () => {
    const environment = { POSTGRES_USER: 'wms_user', POSTGRES_DB: 'wms_db' };
    await cluster.pod('postgres-0', { containers: ['exporter', 'postgres'], environment });
    await cluster.pod('backend-7', { containers: ['exporter'], labels: 'app=backend' });
    const { stdout, stderr, code } = await add();
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^production\/postgres-0 +postgres:16 +postgres +running$/m);
    expect(stdout).not.toContain('backend-7');
    const told = 'profile add postgres-0 --pod production/postgres-0 --container postgres';
    expect(stderr).toContain(`pgdeck ${told}`);
    expect((await add('shop', ...told.split(' ').slice(3))).code).toBe(0);
    expect(profile()).toEqual({
      ...{ host: '127.0.0.1', user: 'wms_user', database: 'wms_db' },
      runs_on: {
        ...{ kind: 'kubectl', context: 'test', namespace: 'production', pod: 'postgres-0' },
        ...{ container: 'postgres', forward: true },
      },
    });
  });

  test('by labels, without a forward, to the address that is named', async () => {
    await cluster.pod('postgres-0');
    const words = [
      '--pod',
      'production/app=postgres',
      '--no-forward',
      '-h',
      'db1',
      '-U',
      'app',
      '-d',
      'shop',
    ];
    expect((await add('shop', ...words)).code).toBe(0);
    expect(profile()).toEqual({
      ...{ host: 'db1', user: 'app', database: 'shop' },
      runs_on: { kind: 'kubectl', context: 'test', namespace: 'production', selector: 'app=postgres' },
    });
  });

  test('one that is not there is not added', async () => {
    expect(await add('shop', '--pod', 'production/nobody')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no pod nobody'),
    });
    expect(profile()).toBeUndefined();
  });
});

describe.each(COMPOSE_FORMS)('a service of compose, with %s', (form) => {
  let docker: Awaited<ReturnType<typeof composeStandIn>>;
  beforeAll(async () => {
    docker = await composeStandIn(form);
  });
  afterAll(() => docker.remove());

  test('is added by its project and its name', async () => {
    const { code, stderr } = await add('shop', '--compose', 'shop/postgres', '-h', '127.0.0.1', '-d', 'shop');
    expect(code, stderr).toBe(0);
    expect(profile()).toEqual({
      ...{ host: '127.0.0.1', database: 'shop' },
      runs_on: { kind: 'compose', project: 'shop', service: 'postgres' },
    });
    expect(await docker.told()).toBe('');
  });

  test.each([
    ['shop', /--compose takes PROJECT\/SERVICE/],
    ['shop/backend', /no container of a service backend; it has postgres/],
  ])('%s is not', async (service, sentence) => {
    const { code, stderr } = await add('shop', '--compose', service);
    expect(stderr).toMatch(sentence);
    expect(code).not.toBe(0);
    expect(profile()).toBeUndefined();
  });
});
