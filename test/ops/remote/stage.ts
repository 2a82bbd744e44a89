import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RemoteSettings } from '../../../src/config/remote.ts';
import type { Target } from '../../../src/db/target.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { findCopies } from '../../../src/ops/remote/copy/copy.ts';
import { planPruneRemote } from '../../../src/ops/remote/prune/prune.ts';
import { pull } from '../../../src/ops/remote/pull/pull.ts';
import { push } from '../../../src/ops/remote/push/push.ts';
import { openStore } from '../../../src/ops/remote/store/open.ts';
import { listBackups } from '../../../src/ops/repository/repository.ts';
import { contextOf } from '../engine/run/stage.ts';
import { putBackup } from '../repository/retention/stock.ts';

const sumOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Nobody is asked: what is copied, fetched or pruned reads the disk and the store alone. */
export const NOWHERE: Target = {
  host: '127.0.0.1',
  port: 1,
  user: 'nobody',
  database: 'shop',
  sslmode: 'disable',
} as Target;

/** Credentials that FaultyS3 and s3rver take; the SDK looks for them in the environment. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

/** A context whose copies go there; its backups are below its home. */
export function contextTo(
  home: string,
  remote: RemoteSettings,
  { now, env = {} }: { now?: Date; env?: Record<string, string> } = {},
): OpContext {
  const context = contextOf(NOWHERE, home, {
    env: { BACKUP_DIR: join(home, 'backups'), ...env },
    more: { backup: { remote } },
  });
  return now === undefined ? context : { ...context, now: () => now };
}

/** A backup of these files, as far as anybody who copies it can tell; verified, so many days old. */
export function putFiles(
  home: string,
  id: string,
  files: Readonly<Record<string, Buffer>>,
  more: Parameters<typeof putBackup>[2] = {},
): string {
  const repository = join(home, 'backups');
  const folder = join(repository, id);
  putBackup(repository, id, more);
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const all = { 'a.dump': readFileSync(join(folder, 'a.dump')), ...files };
  manifest.files = Object.entries(all).map(([path, bytes]) => ({
    path,
    bytes: bytes.length,
    sha256: sumOf(bytes),
  }));
  manifest.bytes = Object.values(all).reduce((sum, { length }) => sum + length, 0);
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return folder;
}

/** Every file below a directory, by its path, with the sum of what it holds. */
export function contents(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => {
        const path = join(one.parentPath, one.name);
        return [path.slice(directory.length + 1), sumOf(readFileSync(path))];
      }),
  );
}

export const planPush = (context: OpContext, id: string): Promise<Plan> =>
  push.plan(push.input.parse({ id }), context);
export const planPull = (context: OpContext, id: string): Promise<Plan> =>
  pull.plan(pull.input.parse({ id }), context);
export const planPrune = (context: OpContext, keep?: string): Promise<Plan> =>
  planPruneRemote({ keep }, context);

/** Names of the copies that anybody would be told of, and of what is not whole. */
export async function listed(remote: RemoteSettings): Promise<{ copies: string[]; rest: string[] }> {
  const store = await openStore(remote);
  try {
    const found = await findCopies(store, { signal: AbortSignal.timeout(30_000) });
    const names = (whole: boolean) =>
      found.filter(({ copy }) => (copy !== undefined) === whole).map(({ id }) => id);
    return { copies: names(true).sort(), rest: names(false).sort() };
  } finally {
    await store.close();
  }
}

/** Names of the backups here that anybody would be told of. */
export const listedHere = async (home: string): Promise<string[]> =>
  (await listBackups(join(home, 'backups'))).map(({ id }) => id).sort();
