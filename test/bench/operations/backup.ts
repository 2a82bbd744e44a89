import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  countAlone,
  dumpAlone,
  operation,
  type Run,
  removeBackups,
  type Site,
  timed,
  verifyAlone,
} from './work.ts';

/** One backup, and beside it the same work without pgdeck, all in seconds. */
export interface BackupRound {
  readonly run: Run;
  readonly dump: number;
  readonly verify: number;
  readonly count: number;
}

/** As `pgdeck backup` decides by itself with a pg_dump before 16. */
const BACKUP = ['backup', '--format', 'custom', '--compress', 'gzip:1'];

/** One round; `turn` says which of the two goes first. */
export async function backupRound(site: Site, turn: number): Promise<BackupRound> {
  const directory = await mkdtemp(join(site.home, 'alone-'));
  try {
    let run: Run | undefined;
    const whole = async () => {
      run = await operation(site, BACKUP);
    };
    if (turn % 2 === 0) await whole();
    const dump = await timed(() => dumpAlone(site, directory));
    const verify = await timed(() => verifyAlone(site, directory));
    const count = await timed(() => countAlone(site));
    if (turn % 2 === 1) await whole();
    if (run === undefined) throw new Error('no backup was made');
    return { run, dump, verify, count };
  } finally {
    await removeBackups(site.home);
    await rm(directory, { recursive: true });
  }
}
