import type { Host } from '../../../../targets/target.ts';
import { Refusal, type RowsHead, SqlGuard } from '../../../archive/sql/guard.ts';
import type { Backup } from '../../../repository/repository.ts';
import { unpack } from '../rows/source.ts';
import { unreadable, unreadText } from './unreadable.ts';

/**
 * Where in a text backup rows begin, as psql sees it: a function's body may hold what looks the same, and a name line
 * feeds. Throws {@link OpError} when it cannot be read.
 */
export async function readHeads(host: Host, backup: Backup): Promise<readonly RowsHead[]> {
  const guard = new SqlGuard();
  let refusal: Refusal | undefined;
  const guarded = (work: () => void) => {
    if (refusal !== undefined) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error;
    }
  };
  const { exitCode, stderr } = await host.pipe(unpack(backup), {
    env: { LC_ALL: 'C' },
    onStdout: (piece) => guarded(() => guard.write(piece)),
  });
  if (exitCode !== 0) throw unreadable(backup, stderr);
  guarded(() => void guard.end());
  if (refusal !== undefined) throw unreadText(backup, refusal);
  return guard.heads;
}
