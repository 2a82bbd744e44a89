import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, onTestFinished } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { quoteIdent } from '../../../src/db/ident.ts';
import type { Target } from '../../../src/db/target.ts';
import { run } from '../../../src/hosts/local.ts';
import { backup } from '../../../src/ops/backup/operation.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { type Backup, listBackups } from '../../../src/ops/repository/repository.ts';
import { serverTarget, testServer } from '../../support/cluster.ts';
import { contextOf } from '../engine/run/stage.ts';

/** A context that is closed at the end of the test. */
export function contextFor(
  target: Target,
  home: string,
  options?: Parameters<typeof contextOf>[2],
): OpContext {
  const context = contextOf(target, home, options);
  onTestFinished(() => context.close());
  return context;
}

/** The plan of a backup. */
export async function planBackup(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return backup.plan(backup.input.parse(input), context);
}

/** The checks that block a plan, or warn. */
export function complaints(plan: Plan): string[] {
  return plan.checks
    .filter(({ status }) => status !== 'ok')
    .map((c) => `${c.status} ${c.title}: ${c.detail}`);
}

/** The one backup of a repository. */
export async function onlyBackup(repository: string): Promise<Backup & { manifest: object }> {
  const [only, ...more] = await listBackups(repository);
  expect(more).toEqual([]);
  if (only?.manifest === undefined) throw new Error(`no backup in ${repository}`);
  return only as Backup & { manifest: object };
}

/** What is in a directory, hidden or not. */
export function entries(directory: string): string[] {
  return readdirSync(directory).sort();
}

export async function withAdmin<T>(work: (admin: Session) => Promise<T>, database = 'postgres'): Promise<T> {
  const admin = await connect({ ...serverTarget(), database }, 'workload', 'test-admin');
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/** Restores a backup into a new database with PostgreSQL's own programs, looks at it, drops it. */
export async function inRestored<T>(backupMade: Backup, look: (session: Session) => Promise<T>): Promise<T> {
  const { bin } = inject('postgres');
  const { host, port } = testServer();
  const database = `restored_${Date.now()}_${Math.floor(Math.random() * 1e6)}`;
  await withAdmin((admin) => admin.sql(`CREATE DATABASE ${quoteIdent(database)} TEMPLATE template0`));
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: database };
  try {
    const sql = { 'sql.gz': 'gunzip -c', 'sql.zst': 'zstd -dc', sql: 'cat' }[backupMade.kind as string];
    const list = join(backupMade.path, 'restore.list');
    const useList = entries(backupMade.path).includes('restore.list') ? ['-L', list] : [];
    const { exitCode, stderr } =
      sql === undefined
        ? await run(join(bin, 'pg_restore'), ['-e', ...useList, '-d', database, backupMade.archive], { env })
        : await run(
            'sh',
            [
              '-c',
              `${sql} "$1" | "$2" -X -q -v ON_ERROR_STOP=1 -o /dev/null`,
              'sh',
              backupMade.archive,
              join(bin, 'psql'),
            ],
            { env },
          );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return await withAdmin(look, database);
  } finally {
    await withAdmin((admin) => admin.sql(`DROP DATABASE ${quoteIdent(database)} WITH (FORCE)`));
  }
}
