import type { OpContext } from '../engine/operation.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import type { Volume } from '../volumes/source.ts';
import { BackupRun } from './backup-run.ts';
import { previewOf } from './preview.ts';
import type { BackupMade, BackupRequest } from './request.ts';
import { volumeSteps } from './volumes/plan.ts';

export type { BackupMade, BackupRequest } from './request.ts';

export interface BackupStepOptions {
  /** Makes the ids of the steps; for several databases in one plan, or beside other steps. */
  readonly id?: (name: string) => string;
  /** The part of pg_dump's arguments that says what is chosen, for the preview. */
  readonly selection?: readonly string[];
  /** Whether this role may read the verifiers of passwords, for the preview. */
  readonly passwords?: boolean;
  /** Archived beside it. */
  readonly volumes?: readonly Volume[];
  /** Told once the backup is published. */
  readonly onMade?: (made: BackupMade, io: StepIo) => void;
}

/**
 * The steps that back up one database, to put into any plan: `snapshot`, `dump`, `volumes` where there are
 * any, `verify`, `publish`. What a step has
 * written is removed by its rollback unless it is published; a published backup stays.
 */
export function backupSteps(
  context: OpContext,
  request: BackupRequest,
  options: BackupStepOptions = {},
): Step[] {
  const { id = (name) => name, volumes = [], onMade } = options;
  const run = new BackupRun(context, request);
  const preview = previewOf(request, options);
  const rollback = async () => ((await run.discard()) ? undefined : KEPT);
  return [
    {
      id: id('snapshot'),
      title: `Open a snapshot of ${request.database}`,
      preview: preview.snapshot,
      effect: 'readers and writers continue',
      waits: true,
      run: (io) => run.snapshot(io),
      rollback,
    },
    {
      id: id('dump'),
      title: `Dump ${request.database} and count its rows`,
      preview: preview.dump,
      effect: 'ACCESS SHARE on every table: only DDL waits',
      waits: true,
      run: (io) => run.dump(io),
      rollback,
    },
    ...volumeSteps(id('volumes'), volumes, (io) => run.volumes(io, volumes)),
    {
      id: id('verify'),
      title: 'Read the archive to its end and compare its rows',
      preview: preview.verify,
      run: (io) => run.verify(io),
    },
    {
      id: id('publish'),
      title: 'Write the manifest and publish the backup',
      settles: [id('snapshot'), id('dump')],
      preview: preview.publish,
      run: async (io) => {
        const made = await run.publish(io);
        onMade?.(made, io);
      },
    },
  ];
}
