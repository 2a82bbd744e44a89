import { verifyBackup } from '../../archive/verify.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import type { Verification } from '../../repository/manifest.ts';
import { noteVerification } from '../../repository/note.ts';
import type { Backup } from '../../repository/repository.ts';
import { restoreErrors } from '../errors.ts';
import type { RestoreInput } from '../input.ts';
import { expectedIn } from '../load/expected.ts';
import { isAccepted } from '../source/damage.ts';
import { type Foreign, refuseChanged } from '../source/foreign.ts';
import type { RestoreSource } from '../source/source.ts';
import type { RestoreState } from './state.ts';

interface ReadWish {
  readonly source: RestoreSource;
  readonly input: Pick<RestoreInput, 'accept_damaged'>;
}

/**
 * Compares every byte of the backup with its checksum before anything is touched, and reads it to its end where it was
 * not verified before or where there will be nothing else to go back to. What was not made by pgdeck is always read.
 */
export function readStep({ source, input }: ReadWish, state: RestoreState, always: boolean): Step[] {
  const { backup, clients, bytes, foreign } = source;
  if (foreign !== undefined) return [unchangedStep(backup, foreign, state)];
  const { archive: path, kind } = backup;
  const sql = kind === 'sql' || kind === 'sql.gz' || kind === 'sql.zst';
  const quick = backup.status === 'ok' && !always && bytes.unknown === undefined;
  const sums = bytes.unknown === undefined ? `sha256 of every file in ${backup.path}/manifest.json` : '';
  const decode = sql
    ? `decompress ${path} | count rows of each table`
    : `pg_restore -f - ${path} | count rows of each table`;
  return [
    {
      id: 'read',
      title: quick ? 'Compare every byte of the backup with its checksum' : 'Read the backup to its end',
      preview: [sums, quick ? '' : decode].filter((line) => line !== '').join('\n'),
      run: async (io) => {
        const found = await verifyBackup(io, clients.reader, backup, quick ? 'checksum' : 'counts', bytes);
        if (found.ok) io.line(found.detail);
        else await refuted(io, backup, found, isAccepted(input, backup));
      },
    },
  ];
}

/** Notes the damage, so that nobody takes it for good again. */
async function refuted(io: StepIo, backup: Backup, found: Verification, accepted: boolean): Promise<void> {
  try {
    await noteVerification(backup, found);
  } catch (error) {
    io.line(sentenceOf(error), 'stderr');
  }
  if (accepted) {
    io.line(`${found.detail} It is restored all the same.`, 'stderr');
    return;
  }
  throw restoreErrors.damaged({ id: backup.id, why: found.detail });
}

/** It was read to its end for the plan. */
function unchangedStep({ archive: path }: Backup, foreign: Foreign, state: RestoreState): Step {
  return {
    id: 'read',
    title: 'See that the file is still the one that was read for this plan',
    preview: `sha256 of ${path}`,
    run: async (io) => {
      await refuseChanged(path, foreign, io.signal);
      state.expected ??= expectedIn(foreign);
    },
  };
}
