import { expect, test } from 'vitest';
import { CommandError } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import { hostOf, openHost, reachHost, reaching, unopenedHost } from '../../src/hosts/reach.ts';

const runsOn = { kind: 'docker', container: 'db' } as const;
const down = new CommandError('gone', 'The container db is down.');
const fails = async () => {
  throw down;
};

test('this machine needs no opening', async () => {
  expect(await openHost({ kind: 'local' }, fails)).toBe(local);
  expect(await reachHost({ kind: 'local' }, fails)).toBe(local);
  expect(unopenedHost({ kind: 'local' })).toBe(local);
  expect(await hostOf(reaching({ kind: 'local' }))).toBe(local);
});

test('a place that is not reached is told by who opens it, or by whatever needs it', async () => {
  await expect(openHost(runsOn, fails)).rejects.toBe(down);
  const host = await reachHost(runsOn, fails);
  expect(host).toMatchObject({ kind: 'docker', label: 'the container db', closed: down });
  await expect(host.run('true', [])).rejects.toBe(down);
});

test('one that nobody has opened says so', async () => {
  await expect(unopenedHost(runsOn).run('true', [])).rejects.toThrow('the container db was not opened.');
});

test('who looks again and again has one connection at a time', async () => {
  const closed: number[] = [];
  let opened = 0;
  const open = async () => {
    const at = ++opened;
    return { ...local, close: () => void closed.push(at) };
  };
  const again = reaching({ kind: 'ssh', destination: 'db1' }, open);
  for (let turn = 0; turn < 3; turn++) await hostOf(again);
  expect([opened, closed]).toEqual([3, [1, 2]]);
});
