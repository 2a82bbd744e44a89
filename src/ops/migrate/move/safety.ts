import { defaultCompression } from '../../backup/dump/compression.ts';
import { survey } from '../../backup/plan/survey.ts';
import { spaceChecks } from '../../backup/preflight/space.ts';
import { type BackupMade, type BackupRequest, backupSteps } from '../../backup/steps.ts';
import { findClients } from '../../clients/programs.ts';
import type { OpContext } from '../../context.ts';
import type { Check, Step } from '../../operation.ts';
import { listBackups, repositoryDirectory } from '../../repository/repository.ts';

/** The backup of the database before its migrations change it. */
export interface Safety {
  readonly steps: readonly Step[];
  readonly checks: readonly Check[];
  /** Once it is made. */
  readonly made: () => BackupMade | undefined;
}

/** A backup like any other: listed, verified, and the way back. */
export async function safetyBackup(context: OpContext, label: string): Promise<Safety> {
  const { database } = context.target;
  const session = await context.session();
  const { clients, check } = await findClients(context, session.server, ['pg_dump', 'pg_restore']);
  if (clients === undefined) return { steps: [], checks: [check], made: () => undefined };
  const repository = repositoryDirectory(context);
  const request: BackupRequest = {
    database,
    repository,
    clients,
    format: 'custom',
    compression: defaultCompression('custom', clients),
    jobs: 1,
    content: 'all',
    schemas: [],
    tables: [],
    globals: false,
    label,
    safety: true,
  };
  const seen = await survey(context, request, await listBackups(repository).catch(() => []));
  let made: BackupMade | undefined;
  const steps = backupSteps(context, request, {
    id: (name) => `safety-${name}`,
    selection: seen.selection.args,
    passwords: seen.passwords,
    onMade: (backup) => {
      made = backup;
    },
  });
  const checks = [check, ...(await spaceChecks(repository, seen.estimate, seen.raw)), ...seen.checks];
  return {
    steps: steps.map((step, at) => ({
      ...step,
      title: `Safety backup: ${step.title.charAt(0).toLowerCase()}${step.title.slice(1)}`,
      ...(at === steps.length - 1 && {
        run: async (io) => {
          await step.run(io);
          if (made === undefined) return;
          io.record({ safety: { id: made.id, path: made.path } });
          io.line(`The way back is the backup ${made.id}: pgdeck restore ${made.id}`);
        },
      }),
    })),
    checks: checks.filter(({ status }) => status !== 'ok'),
    made: () => made,
  };
}
