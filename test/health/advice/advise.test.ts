import { beforeAll, expect, test } from 'vitest';
import { settingFiles, settingList } from '../../../src/db/queries/settings/listed.ts';
import { listSettings, type Setting } from '../../../src/db/settings/list.ts';
import { type Advice, advise, type Machine, sumOf } from '../../../src/health/advice/advise.ts';
import { RULES } from '../../../src/health/advice/rules.ts';
import { RULES as UNSAFE } from '../../../src/health/advice/unsafe.ts';
import { client, serverTarget } from '../../support/cluster.ts';

const GB = 1024 ** 3;
let settings: readonly Setting[];
let major: number;

beforeAll(async () => {
  const session = await client(serverTarget());
  major = session.server.major;
  settings = listSettings(
    await session.run(settingList, undefined),
    await session.run(settingFiles, undefined),
    [],
  );
  await session.close();
});

/** A server as it comes, but for these. */
function given(values: Record<string, string>): readonly Setting[] {
  return settings.map((one) => ({ ...one, value: values[one.name] ?? one.boot_val }));
}

const on = (machine: Partial<Machine>): Machine => ({
  memory: undefined,
  cores: undefined,
  storage: undefined,
  ...machine,
});
const advised = (all: readonly Advice[]) =>
  Object.fromEntries(all.flatMap(({ name, advised }) => (advised === null ? [] : [[name, advised]])));

test('the runbook’s server: 8 GB, SSD', () => {
  const all = advise(given({}), on({ memory: 8 * GB, cores: 4, storage: 'ssd' }), major);
  expect(advised(all)).toMatchObject({
    shared_buffers: '2GB',
    effective_cache_size: '6GB',
    maintenance_work_mem: '512MB',
    random_page_cost: '1.1',
  });
  expect(all.find(({ name }) => name === 'checkpoint_completion_target')).toMatchObject({
    advised: major < 14 ? '0.9' : null,
  });
  expect(all.find(({ name }) => name === 'shared_buffers')).toMatchObject({
    restart: true,
    current: '128MB',
  });
});

test('a server that has what is advised is told nothing, and each rule has its reason and its cost', () => {
  const first = advise(given({}), on({ memory: 8 * GB, cores: 4, storage: 'ssd' }), major);
  const blocks = (size: number) => String(size / 8192);
  const second = advise(
    given({
      ...Object.fromEntries(
        first.flatMap(({ name, advised }) => (advised === null ? [] : [[name, advised]])),
      ),
      shared_buffers: blocks(2 * GB),
      effective_cache_size: blocks(6 * GB),
      maintenance_work_mem: '524288',
      wal_buffers: '2048',
      work_mem: '15360',
    }),
    on({ memory: 8 * GB, cores: 4, storage: 'ssd' }),
    major,
  );
  expect(advised(second)).toEqual({});
  for (const { reason, cost, name } of first)
    expect([reason, cost].join(' '), name).toMatch(/^[A-Z].{20,}\.$/s);
});

test('what the memory, the cores or the storage would decide is not guessed without them', () => {
  const all = advise(given({}), on({}), major);
  expect(advised(all)).toEqual(major < 14 ? { checkpoint_completion_target: '0.9' } : {});
  expect(all.filter(({ missing }) => missing !== null).map(({ name, missing }) => [name, missing])).toEqual(
    expect.arrayContaining([
      ['shared_buffers', 'memory'],
      ['max_connections', 'cores'],
      ['random_page_cost', 'storage'],
    ]),
  );
});

test('all connections together: their sum against the memory, and what it advises', () => {
  const many = given({
    max_connections: '1000',
    work_mem: '65536',
    shared_buffers: String((2 * GB) / 8192),
    hash_mem_multiplier: '2',
  });
  const machine = on({ memory: 8 * GB, cores: 4, storage: 'ssd' });
  const sum = sumOf(many, machine, major);
  expect(sum?.most).toBe(2 * GB + 1000 * 64 * 1024 ** 2 * 2);
  expect(sum?.text).toMatch(/^1000 connections × 64 MB of work_mem × 2 .* more than 8\.0 GB of memory/);
  expect(advised(advise(many, machine, major))).toMatchObject({ work_mem: '4MB', max_connections: '200' });
  expect(sumOf(given({}), on({}), major)?.text).toContain('how much memory there is is not known');
});

test('unsafe settings are those that health knows, first', () => {
  const [first, second] = advise(given({ fsync: 'off', full_page_writes: 'off' }), on({}), major);
  expect([first, second].map((one) => [one?.name, one?.advised])).toEqual([
    ['fsync', 'on'],
    ['full_page_writes', 'on'],
  ]);
});

test('a setting has one rule', () => {
  const names = [...RULES, ...UNSAFE].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
