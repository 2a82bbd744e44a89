import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  connection,
  operation,
  program,
  type Run,
  removeBackups,
  repository,
  type Site,
  timed,
} from './work.ts';

/** One restore, and beside it what its step `load` runs, in seconds. */
export interface RestoreRound {
  readonly run: Run;
  readonly load: number;
}

const INTO = 'restored';
const ALONE = 'alone';

/** One round; `turn` says which of the two goes first. */
export async function restoreRound(site: Site, turn: number): Promise<RestoreRound> {
  const { admin, home } = site;
  await operation(site, ['backup']);
  try {
    const [id = ''] = await readdir(repository(home));
    let run: Run | undefined;
    const whole = async () => {
      run = await operation(site, ['restore', id, '--into', INTO, '--yes']);
      await admin.sql(`DROP DATABASE ${INTO}`);
    };
    if (turn % 2 === 0) await whole();
    await admin.sql(`CREATE DATABASE ${ALONE}`);
    const load = await timed(() => loadAlone(site, join(repository(home), id, `${id}.dump`)));
    await admin.sql(`DROP DATABASE ${ALONE}`);
    if (turn % 2 === 1) await whole();
    if (run === undefined) throw new Error('nothing was restored');
    return { run, load };
  } finally {
    await removeBackups(home);
  }
}

/** The pg_restore that `pgdeck restore` starts, without pgdeck. */
async function loadAlone(site: Site, archive: string): Promise<void> {
  const jobs = Math.min(4, availableParallelism());
  const args = ['--exit-on-error', '--verbose', '-w', ...(jobs > 1 ? ['-j', String(jobs)] : [])];
  await program(join(site.cluster.bin, 'pg_restore'), [...args, ...connection(site), '-d', ALONE, archive], {
    LC_ALL: 'C',
  });
}
