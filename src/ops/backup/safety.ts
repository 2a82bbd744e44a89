import type { Session } from '../../db/session.ts';
import { uncapital } from '../../text/capital.ts';
import { bytes } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Step } from '../engine/plan.ts';
import type { Clients } from '../programs/programs.ts';
import { backupId } from '../repository/names.ts';
import { freeName } from '../repository/publish.ts';
import { listBackups } from '../repository/repository.ts';
import { defaultCompression } from './dump/compression.ts';
import { chooseWay } from './dump/way.ts';
import { lookAt, survey } from './plan/survey.ts';
import { spaceChecks } from './preflight/space.ts';
import type { BackupMade, BackupRequest } from './request.ts';
import { backupSteps } from './steps.ts';

/** A backup of what is about to be changed: one like any other, listed and verified, and the way back. */
export interface SafetyBackup {
  readonly steps: readonly Step[];
  /** What speaks against it; nothing where all is well. */
  readonly checks: readonly Check[];
  /** About how large it will be. */
  readonly bytes: number;
  /** The name it will have, or has. */
  readonly name: () => string;
  /** Once it is made. */
  readonly made: () => BackupMade | undefined;
}

export interface SafetyWish {
  readonly clients: Clients;
  readonly repository: string;
  /** What it is made before, for the list. */
  readonly label: string;
  /** Quoted names; the whole database without them. */
  readonly tables?: readonly string[];
  /** Do it although there seems to be no room. */
  readonly ignoreSpace?: boolean;
  /** What is said of it once it is made. */
  readonly tell?: (made: BackupMade) => string;
}

/** The safety backup of the session's database. Throws DbError. */
export async function safetyBackup(
  context: OpContext,
  session: Session,
  { clients, repository, label, tables = [], ignoreSpace = false, tell = told }: SafetyWish,
): Promise<SafetyBackup> {
  const { database } = session.server;
  const wanted: BackupRequest = {
    id: await freeName(repository, backupId(database, context.now())),
    database,
    repository,
    clients,
    format: 'custom',
    compression: defaultCompression('custom', clients),
    jobs: 1,
    content: 'all',
    schemas: [],
    tables,
    globals: false,
    label,
    safety: true,
  };
  const seen = await survey(await lookAt(session), wanted, await listBackups(repository).catch(() => []));
  const { way, checks: ways } = await chooseWay(clients.host, wanted.format, seen.estimate, seen.raw);
  const request = { ...wanted, way };
  const checks = [
    ...ways,
    ...(await spaceChecks(repository, seen.estimate, seen.raw, ignoreSpace)),
    ...seen.checks,
  ];
  let made: BackupMade | undefined;
  const steps = backupSteps(context, request, {
    id: (name) => `safety-${name}`,
    selection: seen.selection.args,
    onMade: (backup, io) => {
      made = backup;
      io.record({ safety: { id: backup.id, path: backup.path } });
      io.line(tell(backup));
    },
  });
  return {
    steps: steps.map((step) => ({ ...step, title: `Safety backup: ${uncapital(step.title)}` })),
    checks: checks.filter(({ status }) => status !== 'ok'),
    bytes: seen.estimate.bytes,
    name: () => made?.id ?? request.id,
    made: () => made,
  };
}

function told({ id, manifest }: BackupMade): string {
  return `The safety backup is ${id}, ${bytes(manifest.bytes)}.`;
}
