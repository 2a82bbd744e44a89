import { bytes } from '../../../text/units.ts';
import { defaultCompression } from '../../backup/dump/compression.ts';
import { activityChecks } from '../../backup/preflight/activity.ts';
import { estimateSize, spaceChecks } from '../../backup/preflight/space.ts';
import type { BackupRequest } from '../../backup/request.ts';
import { backupSteps } from '../../backup/steps.ts';
import type { Clients } from '../../clients/programs.ts';
import type { Check, Step } from '../../operation.ts';
import { listBackups } from '../../repository/repository.ts';
import type { Situation } from '../situation.ts';
import type { RestoreState } from './state.ts';

/** The backup of what is about to be replaced: a backup like any other, listed and verified. */
export async function safetyBackup(
  situation: Situation,
  clients: Clients,
  state: RestoreState,
): Promise<{ steps: Step[]; checks: Check[] }> {
  const { context, database, repository, state: live } = situation;
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
    label: `before a restore of ${situation.backup.id}`,
    safety: true,
  };
  const like = (await listBackups(repository)).filter((one) => one.database === database);
  const raw = live?.bytes ?? 0;
  const checks = await spaceChecks(repository, estimateSize(raw, request, like), raw);
  // not the context's session, which would stay there and be one of those that are sent away
  const session = await context.open('pgdeck-plan', database);
  try {
    checks.push(...(await activityChecks(session)).filter(({ status }) => status !== 'ok'));
  } finally {
    await session.close();
  }
  const steps = backupSteps(context, request, {
    id: (name) => `safety-${name}`,
    onMade: (made) => {
      state.safety = made;
    },
  });
  const prefixed = steps.map((step) => ({ ...step, title: `Safety backup: ${lower(step.title)}` }));
  const last = prefixed.at(-1);
  if (last !== undefined) {
    const { run } = last;
    last.run = async (io) => {
      await run(io);
      const made = state.safety;
      if (made === undefined) return;
      io.record({ safety: { id: made.id, path: made.path } });
      io.line(`The safety backup is ${made.id}, ${bytes(made.manifest.bytes)}.`);
    };
  }
  return { steps: prefixed, checks };
}

function lower(title: string): string {
  return title.charAt(0).toLowerCase() + title.slice(1);
}
