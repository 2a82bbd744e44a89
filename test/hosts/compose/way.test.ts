import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHost } from '../../../src/hosts/open.ts';
import { faultTests } from '../../support/ways/faults.ts';
import { COMPOSE_FORMS, composeStandIn, DOCKER_FAULTS } from '../../support/ways/stand-in.ts';

const SERVICE = { kind: 'compose', project: 'shop', service: 'postgres' } as const;

describe.each(COMPOSE_FORMS)('a service of compose, with %s', (form) => {
  let docker: Awaited<ReturnType<typeof composeStandIn>>;
  beforeAll(async () => {
    docker = await composeStandIn(form);
  });
  afterAll(() => docker.remove());
  faultTests({
    faults: DOCKER_FAULTS,
    set: (fault) => docker.set(fault),
    open: () => openHost(SERVICE),
  });

  test('nothing of all that went through an exec of compose', async () => {
    expect(await docker.told()).toBe('');
  });
});
