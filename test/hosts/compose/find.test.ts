import { afterEach, expect, test } from 'vitest';
import { openHost } from '../../../src/hosts/open.ts';
import { container, describeDocker, type TestContainer } from '../../support/docker/docker.ts';

const LABEL = 'com.docker.compose';
const made: TestContainer[] = [];
const of = async (service: string, oneoff = 'False') => {
  const labels = { project: 'pgdeck-shop', service, oneoff };
  const args = Object.entries(labels).map(([name, value]) => `--label=${LABEL}.${name}=${value}`);
  const one = await container({ image: 'bash', args });
  made.push(one);
  return one;
};
const POSTGRES = { kind: 'compose', project: 'pgdeck-shop', service: 'postgres' } as const;

describeDocker('a service of docker compose', () => {
  afterEach(async () => {
    await Promise.all(made.splice(0).map((one) => one.remove()));
  });

  test('its container is found by its labels, beside others and those of compose run', async () => {
    await of('backend');
    await of('postgres', 'True');
    const one = await of('postgres');
    const host = await openHost(POSTGRES);
    expect([host.kind, host.label]).toEqual(['compose', 'the service postgres of pgdeck-shop']);
    expect(host.typed?.([{ command: 'id', args: [] }])).toBe(`docker exec -i ${one.name} id`);
    expect(await host.run('sh', ['-c', 'printf "a\\0b\\r\\n"'])).toMatchObject({
      exitCode: 0,
      stdout: 'a\0b\r\n',
    });
  });

  test('one that was made anew is another one', async () => {
    const one = await of('postgres');
    const host = await openHost(POSTGRES);
    await one.remove();
    await of('postgres');
    await expect(host.run('true', [])).rejects.toMatchObject({ kind: 'gone' });
    expect((await (await openHost(POSTGRES)).run('true', [])).exitCode).toBe(0);
  });

  test('what is not there, is down or is there twice is said', async () => {
    await expect(openHost(POSTGRES)).rejects.toThrow(/There is no container of a project pgdeck-shop/);
    await of('backend');
    await expect(openHost(POSTGRES)).rejects.toThrow(/no container of a service postgres; it has backend/);
    const one = await of('postgres');
    await one.stop();
    await expect(openHost(POSTGRES)).rejects.toThrow(/postgres of pgdeck-shop does not run/);
    await one.start();
    await of('postgres');
    await expect(openHost(POSTGRES)).rejects.toThrow(/several containers/);
  });
});
