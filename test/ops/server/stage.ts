import { execFileSync } from 'node:child_process';
import { chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Resolved } from '../../../src/config/profile.ts';
import { connect } from '../../../src/db/client.ts';
import { serverUser } from '../../../src/hosts/cluster/binaries.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { serverRestart } from '../../../src/ops/server/restart.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { contextOf } from '../engine/run/stage.ts';

/** A server whose messages go to a file that it may open again. */
export async function restartable(settings: Record<string, string> = {}): Promise<Cluster> {
  const cluster = await throwawayCluster(settings);
  await mayBeRestarted(cluster);
  return cluster;
}

/** Gives the file of a server's messages to the server's user. */
export async function mayBeRestarted({ logFile }: Cluster): Promise<void> {
  const user = await serverUser();
  if (user !== undefined) chownSync(logFile, user.uid, user.gid);
}

/** A context on a server of its own, closed at the end of the test. */
export function restartContext(cluster: Cluster, home: string, more: Partial<Resolved> = {}): OpContext {
  const context = contextOf(cluster.target(), home, { more });
  onTestFinished(() => context.close());
  return context;
}

export function planned(context: OpContext, input: Record<string, unknown> = {}): Promise<Plan> {
  return serverRestart.plan(serverRestart.input.parse(input), context);
}

/** pg_ctl of a server, as the user that it runs as, as words of a shell. */
export async function pgCtl({ bin, dataDir, logFile }: Cluster, ...words: string[]): Promise<string> {
  const user = await serverUser();
  const ctl = `${join(bin, 'pg_ctl')} -D ${dataDir} -l ${logFile} -w ${words.join(' ')}`;
  return user === undefined
    ? ctl
    : `cd / && setpriv --reuid=${user.uid} --regid=${user.gid} --clear-groups ${ctl}`;
}

/** Stops and removes a server that pg_ctl may have started again: it is nobody's child then. */
export async function removed(cluster: Cluster | undefined): Promise<void> {
  if (cluster === undefined) return;
  if (existsSync(join(cluster.dataDir, 'postmaster.pid')))
    execFileSync('sh', ['-c', await pgCtl(cluster, 'stop', '-m', 'immediate')], { stdio: 'ignore' });
  await cluster.remove();
}

/** What the server says of itself, asked over a new connection. */
export async function asked(cluster: Cluster, sql: string): Promise<string> {
  const session = await connect(cluster.target(), 'workload', 'test');
  try {
    const [row] = await session.sql(sql);
    return String(Object.values(row ?? {})[0]);
  } finally {
    await session.close();
  }
}
