import { expect, test } from 'vitest';
import { isSamePlace, placesOf, type RunsOn, runsOnSchema } from '../../src/config/runs-on.ts';

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
  { kind: 'compose', project: 'shop' },
  { kind: 'compose', project: '--all', service: 'db' },
  { kind: 'compose', project: 'shop', service: '-T' },
  { kind: 'kubectl' },
  { kind: 'kubectl', pod: 'postgres-0', selector: 'app=postgres' },
  { kind: 'kubectl', pod: '--all' },
  { kind: 'kubectl', pod: 'a/b' },
  { kind: 'kubectl', selector: '-A' },
  { kind: 'kubectl', pod: 'a', context: '--token=x' },
  { kind: 'kubectl', pod: 'a', container: '-it' },
  { kind: 'ssh', destination: '-oProxyCommand=touch /tmp/x' },
  { kind: 'ssh', destination: 'a b' },
  { kind: 'ssh', destination: 'db', config: 'relative' },
  { kind: 'moon' },
])('%j is refused', (runsOn) => {
  expect(runsOnSchema.safeParse(runsOn).success).toBe(false);
});

test.each<[boolean, RunsOn, RunsOn]>([
  [true, { kind: 'local' }, { kind: 'local' }],
  [true, { kind: 'docker', container: 'db' }, { kind: 'docker', container: 'db', host: 'db', port: 5433 }],
  [false, { kind: 'docker', container: 'db' }, { kind: 'docker', container: 'app' }],
  [false, { kind: 'docker', container: 'db' }, { kind: 'docker', container: 'db', user: 'postgres' }],
  [false, { kind: 'ssh', destination: 'db' }, { kind: 'docker', container: 'db' }],
  [false, { kind: 'ssh', destination: 'db' }, { kind: 'ssh', destination: 'db', config: '/etc/other' }],
])('one place is %s: %j and %j', (same, one, other) => {
  expect(isSamePlace(one, other)).toBe(same);
  expect(isSamePlace(other, one)).toBe(same);
});

test.each([
  { kind: 'compose', project: 'shop', service: 'postgres' },
  { kind: 'kubectl', pod: 'postgres-0', namespace: 'production', context: 'admin@prod', forward: true },
  { kind: 'kubectl', selector: 'app=postgres,role in (primary)' },
])('%j is understood', (runsOn) => {
  expect(runsOnSchema.safeParse(runsOn).success).toBe(true);
});
