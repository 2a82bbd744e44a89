import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { thisProcess } from '../../src/ops/files/process.ts';
import { WatchFiles } from '../../src/watch/files.ts';
import { temporaryDirectory } from '../support/program.ts';

const alert = {
  ...{ key: 'archiver', check: 'archiver', object: null, severity: 'alert' as const, title: 'It fails.' },
  ...{ value: 3, threshold: null, since: 1000 },
};

const kept = {
  ...{ label: 'https://hooks.example/…', nth: 0, tried_ms: 5 },
  message: {
    ...{
      text: 'It fails.',
      check: 'archiver',
      object: null,
      state: 'raised' as const,
      severity: 'alert' as const,
    },
    ...{ value: 3, threshold: null, server: 'dba@db1:5432/shop', at: '2026-11-29T08:00:00.000Z' },
  },
};

test('one process watches a server for a user, and who runs is said; what a dead one has left is taken away', async () => {
  const state = await temporaryDirectory();
  const env = { XDG_STATE_HOME: state };
  const directory = join(state, 'pgdeck/watch');
  const own = new WatchFiles(env, 'dba@db1:5432/shop', new Date('2026-11-29T08:00:00Z'));
  own.lock();
  expect(() => new WatchFiles(env, 'dba@db1:5432/shop').lock()).toThrow(
    new RegExp(`^Process ${process.pid} on .* has watched this server since 2026-11-29T08:00:00`),
  );
  const other = new WatchFiles(env, 'dba@db2:5432/shop');
  other.lock();
  other.unlock();
  const [lock = ''] = readdirSync(directory);
  const dead = { ...JSON.parse(readFileSync(join(directory, lock), 'utf8')), process_started: '1' };
  writeFileSync(join(directory, lock), JSON.stringify(dead));
  new WatchFiles(env, 'dba@db1:5432/shop').lock();
  // half written by one that was killed
  writeFileSync(join(directory, lock), '{"pid":');
  const next = new WatchFiles(env, 'dba@db1:5432/shop');
  next.lock();
  next.unlock();
  expect(existsSync(join(directory, lock))).toBe(false);
});

test('alerts that stand are kept for the next one, readable for their owner alone; what is damaged is nothing', async () => {
  const state = await temporaryDirectory();
  const files = new WatchFiles({ XDG_STATE_HOME: state }, 'dba@db1:5432/shop');
  expect(files.read()).toEqual({ alerts: [], pending: [], told: [] });
  const left = { alerts: [alert], pending: [kept], told: [{ label: kept.label, nth: 0 }] };
  files.write(left);
  expect(files.read()).toEqual(left);
  const directory = join(state, 'pgdeck/watch');
  const [file = ''] = readdirSync(directory);
  expect(statSync(join(directory, file)).mode & 0o077).toBe(0);
  expect(statSync(directory).mode & 0o077).toBe(0);
  const damaged = expect.stringContaining(`cannot be read, or not all of it (${join(directory, file)})`);
  writeFileSync(join(directory, file), '{"alerts":[');
  expect(files.read()).toEqual({ alerts: [], pending: [], told: [], damaged });
  writeFileSync(join(directory, file), JSON.stringify({ alerts: [{}, alert], pending: [kept, 7] }));
  expect(files.read()).toEqual({ alerts: [alert], pending: [kept], told: [], damaged });
});

test('what cannot be kept is told and ends nothing', async () => {
  const state = await temporaryDirectory();
  const files = new WatchFiles({ XDG_STATE_HOME: state }, 'dba@db1:5432/shop');
  rmSync(join(state, 'pgdeck/watch'), { recursive: true });
  expect(files.write({ alerts: [alert], pending: [], told: [] })).toMatch(
    /^alerts cannot be kept in .*\(ENOENT\)/,
  );
  expect(readdirSync(state, { recursive: true })).toEqual(['pgdeck']);
});

test('of many that begin over what a dead one has left, one watches', async () => {
  const state = await temporaryDirectory();
  const directory = join(state, 'pgdeck/watch');
  const env = { XDG_STATE_HOME: state };
  new WatchFiles(env, 's').lock();
  const [lock = ''] = readdirSync(directory);
  const path = join(directory, lock);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), process_started: '1' }));
  // another one is at it just now: it is waited for, and then seen
  mkdirSync(`${path}.guard`);
  const other = new Worker(
    `const { writeFileSync, rmdirSync, readFileSync } = require('node:fs');
     const { path, pid, started } = require('node:worker_threads').workerData;
     setTimeout(() => {
       const mark = { ...JSON.parse(readFileSync(path, 'utf8')), pid, process_started: started };
       writeFileSync(path, JSON.stringify(mark));
       rmdirSync(path + '.guard');
     }, 100);`,
    { eval: true, workerData: { path, pid: process.pid, started: thisProcess().process_started } },
  );
  await once(other, 'online');
  expect(() => new WatchFiles(env, 's').lock()).toThrow(`Process ${process.pid} on `);
  await other.terminate();
});
