import { expect, test } from 'vitest';
import { placesOf, runsOnSchema } from '../../src/config/runs-on.ts';

test('commands run on this machine unless the profile says otherwise', () => {
  expect(placesOf()).toEqual({
    server: { kind: 'local' },
    migrations: { kind: 'local' },
    app: { kind: 'local' },
  });
  const runs_on = { kind: 'docker', container: 'db' } as const;
  expect(placesOf({ runs_on })).toMatchObject({ server: runs_on, migrations: { kind: 'local' } });
});

test.each([
  { kind: 'docker', container: '--privileged' },
  { kind: 'docker', container: '' },
  { kind: 'docker', container: 'db', password: 'x' },
  { kind: 'ssh', destination: '-oProxyCommand=touch /tmp/x' },
  { kind: 'ssh', destination: 'a b' },
  { kind: 'ssh', destination: 'db', config: 'relative' },
  { kind: 'moon' },
])('%j is refused', (runsOn) => {
  expect(runsOnSchema.safeParse(runsOn).success).toBe(false);
});
