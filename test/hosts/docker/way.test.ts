import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHost } from '../../../src/hosts/open.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { faultTests } from '../../support/ways/faults.ts';
import { DOCKER_FAULTS, standIn } from '../../support/ways/stand-in.ts';

const SHOP = { kind: 'docker', container: 'shop' } as const;

describe('a docker that is not what it should be', () => {
  let docker: Awaited<ReturnType<typeof standIn>>;
  beforeAll(async () => {
    docker = await standIn();
  });
  afterAll(() => docker.remove());
  const host = faultTests({
    faults: DOCKER_FAULTS,
    set: (fault) => docker.set(fault),
    open: () => openHost(SHOP),
    handsOver: true,
  });

  test('without docker, or without the container, nothing begins', async () => {
    await docker.set('the container is removed');
    await host()
      .run('true', [])
      .catch(() => {});
    await expect(openHost(SHOP)).rejects.toMatchObject({ kind: 'missing', message: /no container shop/ });
    const before = process.env.PATH;
    process.env.PATH = temporaryDirectory();
    try {
      await expect(openHost(SHOP)).rejects.toMatchObject({ kind: 'missing', message: /docker\.io/ });
      await expect(host().run('true', [])).rejects.toMatchObject({ kind: 'missing', message: /docker\.io/ });
    } finally {
      process.env.PATH = before;
    }
  });
});
