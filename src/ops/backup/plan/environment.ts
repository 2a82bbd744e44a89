import { keepOf } from '../../../config/retention-days.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';

const NO = /^(|0|no|off|false)$/i;

/**
 * Variables of scripts around pg_dump that somebody counts on: one that is not followed is refused, so that nobody takes
 * for saved what is not.
 */
export function environmentChecks({ env, backup }: Pick<OpContext, 'env' | 'backup'>): Check[] {
  const { BACKUP_VOLUMES: volumes = '', RETENTION_DAYS: days = '' } = env;
  const keep = keepOf(env);
  const title = 'Environment';
  return [
    ...(NO.test(volumes) || (backup.volumes?.length ?? 0) > 0
      ? []
      : [
          {
            title,
            status: 'block' as const,
            detail:
              'BACKUP_VOLUMES is set, and this backup holds databases only. A copy of the files of a running PostgreSQL is no backup, and the profile names no other volumes: name those that are to be archived ("backup": {"volumes": [{"name": "app_uploads"}]}), or unset it.',
          },
        ]),
    ...(days !== '' && keep === undefined
      ? [
          {
            title,
            status: 'block' as const,
            detail: `RETENTION_DAYS is no number of days from 1 on: ${days}. Correct or unset it.`,
          },
        ]
      : []),
    ...(keep !== undefined && backup.keep !== keep
      ? [
          {
            title,
            status: 'warn' as const,
            detail: `RETENTION_DAYS is not followed: the settings say which backups are kept, ${backup.keep}.`,
          },
        ]
      : []),
  ];
}

/** A directory that a person named who means a ConfigMap: `configmap/backup`, `cm:backup`. */
const CONFIG_MAP = /^(?:configmaps?|cm)(?:[/:]|$)/i;

/** Why no backup goes into a ConfigMap, and where it goes instead. */
export function configMapChecks(
  { env, runsOn }: Pick<OpContext, 'env' | 'runsOn'>,
  dir: string | undefined,
): Check[] {
  if (!CONFIG_MAP.test(dir || env.BACKUP_DIR || '')) return [];
  const here =
    runsOn.server.kind === 'kubectl'
      ? ' The pod needs no room for it: it comes through kubectl and is verified here.'
      : '';
  return [
    {
      title: 'ConfigMap',
      status: 'block',
      detail: `A ConfigMap holds 1 MiB at most, stands in etcd in plain sight, and is read by whoever may read configuration: no backup is put there. Name a directory of this machine with --dir.${here} Those that exist are listed by: kubectl get configmap -l backup; pgdeck pod restart --plan has the command that prunes them.`,
    },
  ];
}
