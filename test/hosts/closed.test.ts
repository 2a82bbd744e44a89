import { expect, test } from 'vitest';
import { closedHost } from '../../src/hosts/closed.ts';
import { CommandError } from '../../src/hosts/host.ts';

test('whatever a host is asked for that could not be opened, it says why', async () => {
  const why = new CommandError('gone', 'ssh db1 is down: nothing accepts connections.');
  const host = closedHost({ kind: 'ssh', label: 'db1' }, why);
  const asked = [
    host.run('true', []),
    host.pipe([{ command: 'true', args: [] }]),
    host.start('true', []),
    host.withWorkspace(async () => 1),
    host.pgdeck(),
    host.transfer?.put('/a', '/b'),
    host.files.read('/a'),
    host.files.free('/'),
  ];
  for (const one of asked) await expect(one).rejects.toBe(why);
  expect(host).toMatchObject({ kind: 'ssh', label: 'db1', closed: why });
  expect(host.files.resolve('a/b')).toBe('/a/b');
});
