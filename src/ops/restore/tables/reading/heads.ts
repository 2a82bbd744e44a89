import type { Host } from '../../../../hosts/host.ts';
import type { RowsHead } from '../../../archive/sql/guard.ts';
import { HeldGuard } from '../../../archive/sql/held-guard.ts';
import { unpack } from '../../../archive/unpack.ts';
import type { Backup } from '../../../repository/repository.ts';
import { tablesErrors } from '../errors.ts';

/**
 * Where in a text backup rows begin, as psql sees it: a function's body may hold what looks the same, and a name line
 * feeds. Throws {@link OpError} when it cannot be read.
 */
export async function readHeads(host: Host, backup: Backup): Promise<readonly RowsHead[]> {
  const held = new HeldGuard();
  const { exitCode, stderr } = await host.pipe(unpack(backup), {
    env: { LC_ALL: 'C' },
    onStdout: (piece) => held.write(piece),
  });
  if (exitCode !== 0) throw tablesErrors.unreadable({ id: backup.id, stderr });
  held.end();
  if (held.refusal !== undefined) throw tablesErrors.otherText({ id: backup.id, why: held.refusal.message });
  return held.guard.heads;
}
