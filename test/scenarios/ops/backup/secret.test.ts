import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import type { OpEvent } from '../../../../src/ops/engine/plan.ts';
import { contextFor, onlyBackup, planBackup } from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const SECRET = 'pl4nted secret:\\with=signs';
const home = temporaryDirectory();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ password: SECRET });
  const session = await client(cluster.target());
  await session.sql('CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) n');
});
afterAll(() => cluster.remove());

/** Every process with what others can see of it: its arguments, and to its own user its environment. */
function processes(): { args: string; environ: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', ' ');
        return [{ args: read('cmdline'), environ: read('environ') }];
      } catch {
        return [];
      }
    });
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('the password is in no argument, environment, journal, line, error or file', async () => {
  const context = contextFor(cluster.target(), home);
  const repository = join(home, 'backups');
  const plan = await planBackup(context, { dir: repository, format: 'plain', compress: 'zstd:3' });
  const seen = new Set<string>();
  let found: string | undefined;
  // the programs wait for a table while they are looked at
  const holder = await client(cluster.target(), 'holder');
  // within a transaction pg_stat_activity stands still
  const watcher = await client(cluster.target(), 'watcher');
  await holder.sql('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
  const { end, events } = await carryOut(plan, context, {
    onEvent: async (event) => {
      if (event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
      const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'`;
      await until(async () => (await watcher.sql(waiting)).length > 0, { what: 'pg_dump waiting' });
      for (const { args, environ } of processes()) {
        for (const program of ['pg_dump', 'zstd']) if (args.includes(`${program} -`)) seen.add(program);
        if (args.includes(SECRET) || environ.includes(SECRET)) found ??= args;
      }
      await holder.sql('COMMIT');
    },
  });
  expect(end.text).toBe('Back up postgres: done.');
  // the scan saw the programs at work
  expect([...seen].sort()).toEqual(['pg_dump', 'zstd']);
  expect(found).toBeUndefined();
  const told: OpEvent[] = events;
  expect(JSON.stringify([told, plan, await onlyBackup(repository)])).not.toContain('pl4nted');
  for (const file of filesBelow(join(home, 'state')))
    expect(readFileSync(file, 'utf8')).not.toContain('pl4nted');
  for (const file of filesBelow(repository)) {
    expect(readFileSync(file).includes('pl4nted')).toBe(false);
    expect(statSync(file).mode & 0o077).toBe(0);
  }
  // the verifier is in the globals, which only their owner reads
  const globals = filesBelow(repository).find((file) => file.endsWith('globals.sql')) ?? '';
  expect(readFileSync(globals, 'utf8')).toContain('SCRAM-SHA-256');
});

test('a wrong one is told by the server, not by us', async () => {
  const context = contextFor(cluster.target({ password: async () => 'wrong-pl4nted' }), home);
  const refused = planBackup(context, { dir: join(home, 'wrong') });
  await expect(refused).rejects.toMatchObject({ kind: 'auth' });
  await expect(refused).rejects.not.toThrow(/pl4nted/);
});
