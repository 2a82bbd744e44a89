import { decodeArchive } from '../../archive/decode.ts';
import { verifyBackup } from '../../archive/verify.ts';
import { OpError } from '../../error.ts';
import type { Step } from '../../operation.ts';
import { expectedIn } from '../load/expected.ts';
import { refuseLeaving } from '../source/foreign-sql.ts';
import type { Source } from '../source/source.ts';
import type { RestoreState } from './state.ts';

/**
 * Reads the backup to its end before anything is touched: where it was not verified before, and always where there will
 * be nothing else to go back to.
 */
export function readStep({ backup, clients }: Source, state: RestoreState, always: boolean): Step[] {
  if (backup.status === 'ok' && !always) return [];
  const { archive: path, kind, manifest } = backup;
  const sql = kind === 'sql' || kind === 'sql.gz' || kind === 'sql.zst';
  return [
    {
      id: 'read',
      title: 'Read the backup to its end',
      preview: sql
        ? `decompress ${path} | look for \\connect, CREATE DATABASE, CREATE ROLE | count rows of each table`
        : `pg_restore -f - ${path} | count rows of each table`,
      run: async (io) => {
        const archive = { kind, path };
        if (sql && manifest === undefined) await refuseLeaving(io, archive);
        if (manifest !== undefined) {
          const { ok, detail } = await verifyBackup(io, clients, backup, 'counts');
          if (!ok) throw new OpError('failed', detail, 'Nothing was touched. Use another backup.');
          io.line(detail);
          return;
        }
        const decoded = await decodeArchive(io, clients, archive, (done, of) =>
          io.progress({ label: 'read', done, unit: 'bytes', ...(of !== undefined && { of }) }),
        );
        state.expected ??= expectedIn(decoded);
      },
    },
  ];
}
