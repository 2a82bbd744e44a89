import type { BackupBytes } from '../../archive/bytes/bytes.ts';
import { Damage } from '../../archive/bytes/errors.ts';
import type { Check } from '../../engine/plan.ts';
import type { Backup } from '../../repository/repository.ts';
import { wayOut } from '../errors.ts';
import type { RestoreInput } from '../input.ts';

type Accepting = Pick<RestoreInput, 'accept_damaged'>;

/** Whether somebody has named this backup to have it restored in spite of its damage. */
export function isAccepted({ accept_damaged }: Accepting, { id }: Pick<Backup, 'id'>): boolean {
  return accept_damaged === id;
}

/** What is wrong with the bytes of a backup that is accepted as damaged: the plan says it, whatever is noted of it. */
export async function damageFound(input: Accepting, backup: Backup, bytes: BackupBytes): Promise<string[]> {
  if (!isAccepted(input, backup)) return [];
  try {
    await bytes.compare({});
    return [];
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const { message } = error;
    return backup.damage?.some((one) => one.includes(message)) ? [] : [message];
  }
}

/**
 * Whether the backup may be restored as far as its state is known: one that is damaged only when it was named.
 * `unknown`: why its bytes cannot be checked. `found`: damage that was found while planning.
 */
export function damageChecks(
  input: Accepting,
  backup: Backup,
  unknown: string | undefined,
  found: readonly string[] = [],
): Check[] {
  const { id, status } = backup;
  const damage = [...(backup.damage ?? []), ...found];
  const damaged = status === 'damaged' || damage.length > 0;
  const title = 'Backup';
  const named = input.accept_damaged;
  if (named !== undefined && named !== id)
    return [
      {
        title,
        status: 'block',
        detail: `--accept-damaged names ${named}, and this is ${id}. Give the name of the backup that is restored.`,
      },
    ];
  if (!damaged && named !== undefined)
    return [
      {
        title,
        status: 'block',
        detail: `Nothing is known to be damaged in ${id}: leave --accept-damaged out.`,
      },
    ];
  if (damaged) {
    const what = [`${id} is damaged.`, ...damage].join(' ');
    return named === undefined
      ? [{ title, status: 'block', detail: `${what} ${wayOut(backup)}` }]
      : [
          {
            title,
            status: 'warn',
            detail: `${what} It is restored all the same: values may be wrong, rows may be missing, and the load may fail.`,
          },
        ];
  }
  if (unknown !== undefined)
    return [
      {
        title,
        status: status === 'foreign' ? 'ok' : 'warn',
        detail: `${unknown} It is read to its end before anything is touched.`,
      },
    ];
  return [
    {
      title,
      status: 'ok',
      detail:
        status === 'ok'
          ? `${id} was verified; every byte is compared with its checksum before anything is touched.`
          : `${id} was not verified yet: it is read to its end before anything is touched.`,
    },
  ];
}
