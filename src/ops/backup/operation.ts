import type { Session } from '../../db/session.ts';
import { shellWord } from '../../text/shell.ts';
import { bytes, count } from '../../text/units.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, Fact, Plan, Step } from '../engine/plan.ts';
import type { ClientProgram } from '../programs/package.ts';
import { type Clients, findClients } from '../programs/programs.ts';
import { thereChecks } from '../programs/there.ts';
import { backupId } from '../repository/names.ts';
import { freeName } from '../repository/publish.ts';
import { listBackups, repositoryDirectory } from '../repository/repository.ts';
import { compressionText } from './dump/compression.ts';
import { chooseWay } from './dump/way.ts';
import { afterSteps } from './plan/after.ts';
import { chooseDatabases, lookAtEach } from './plan/databases.ts';
import { decideRequest, refuseContradictions } from './plan/decide.ts';
import { configMapChecks, environmentChecks } from './plan/environment.ts';
import { type BackupInput, backupFields, backupInput } from './plan/input.ts';
import { retentionSteps } from './plan/retention.ts';
import { several } from './plan/several.ts';
import { type Sight, type Survey, survey } from './plan/survey.ts';
import { programChecks } from './preflight/programs.ts';
import { spaceChecks } from './preflight/space.ts';
import { recoverBackup } from './recover.ts';
import type { BackupMade } from './request.ts';
import { backupSteps } from './steps.ts';
import { type PlannedVolumes, planVolumes } from './volumes/plan.ts';

/** `pgdeck backup`: dumps one database or several into the repository, verified and with a manifest. */
export const backup = defineOperation({
  id: 'backup',
  input: backupInput,
  fields: backupFields,
  plan: planBackup,
  recover: recoverBackup,
});

async function planBackup(input: BackupInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const { databases, checks } = await chooseDatabases(session, input);
  refuseContradictions(input, databases, context.backup);
  const programs: ClientProgram[] = [
    'pg_dump',
    'pg_restore',
    ...(input.no_globals ? [] : ['pg_dumpall' as const]),
    // by it is seen which server the others reach
    ...(context.host.kind === 'local' ? [] : ['psql' as const]),
  ];
  const [{ clients, check }, pooler, { sights, gone }] = await Promise.all([
    findClients(context, session.server, programs),
    poolerChecks(context, session),
    lookAtEach(context, databases, input.all_databases),
  ]);
  const begun = {
    input,
    context,
    session,
    sights,
    checks: [
      ...environmentChecks(context),
      ...configMapChecks(context, input.dir),
      ...checks,
      ...gone,
      ...pooler,
      check,
    ],
  };
  return clients === undefined ? describe(begun, [], [], []) : withClients(begun, clients);
}

interface Begun {
  readonly input: BackupInput;
  readonly context: OpContext;
  readonly session: Session;
  readonly sights: readonly Sight[];
  readonly checks: readonly Check[];
}

async function withClients(begun: Begun, clients: Clients): Promise<Plan> {
  const { input, context, session, sights, checks } = begun;
  const repository = repositoryDirectory(context, input.dir);
  const backups = await listBackups(repository).catch(() => []);
  const surveys: Survey[] = [];
  const taken = new Set<string>();
  for (const sight of sights) {
    const { database } = sight;
    const id = await freeName(repository, backupId(database, context.now()), taken);
    taken.add(id);
    const request = { id, ...decideRequest(context, input, clients, database) };
    const seen = await survey(sight, request, backups);
    const { way, checks: ways } = await chooseWay(clients.host, request.format, seen.estimate, seen.raw);
    surveys.push({ ...seen, request: { ...request, way }, checks: [...ways, ...seen.checks] });
  }
  const volumes = await planVolumes(context, surveys[0]?.request);
  const raw = surveys.reduce((sum, one) => sum + one.raw, volumes.bytes);
  const estimate = {
    bytes: surveys.reduce((sum, one) => sum + one.estimate.bytes, volumes.bytes),
    measured: surveys.every((one) => one.estimate.measured),
  };
  const named = surveys.flatMap((one) =>
    one.checks.map((check) =>
      sights.length > 1 ? { ...check, title: `${one.request.database}: ${check.title}` } : check,
    ),
  );
  const all = [
    ...checks,
    ...(await thereChecks(context, session, clients)),
    ...(await programChecks(surveys[0]?.request)),
    ...(await spaceChecks(repository, estimate, raw, input.ignore_space)),
    ...volumes.checks,
    ...named,
  ];
  const made: BackupMade[] = [];
  const plan = describe({ ...begun, checks: all }, surveys, stepsOf(begun, surveys, volumes, made), made);
  // the names are known when the backups are: one that is taken gets a number
  return Object.defineProperty(plan, 'undo', { enumerable: true, get: () => undoOf(input, made) });
}

function stepsOf(
  { context, input }: Begun,
  surveys: readonly Survey[],
  { volumes }: PlannedVolumes,
  made: BackupMade[],
): Step[] {
  const command = input.after ?? context.backup.after_backup;
  const steps = (one: Survey, id: (name: string) => string, onMade?: (made: BackupMade) => void) => [
    ...backupSteps(context, one.request, {
      id,
      selection: one.selection.args,
      passwords: one.passwords,
      // of several databases the first has them
      ...(one === surveys[0] && { volumes }),
      onMade: (backup) => {
        made.push(backup);
        onMade?.(backup);
      },
    }),
    ...retentionSteps(context, one.request, id('retention')),
    ...afterSteps(context, one.request, {
      id,
      command,
      made: () => made.find(({ manifest }) => manifest.database.name === one.request.database),
    }),
  ];
  const [only, ...more] = surveys;
  if (only === undefined) return [];
  if (more.length === 0) return steps(only, (name) => name);
  return several(
    surveys.map((one) => ({
      database: one.request.database,
      steps: (onMade) => steps(one, (name) => `${name}:${one.request.database}`, onMade),
    })),
  );
}

function describe(
  begun: Begun,
  surveys: readonly Survey[],
  steps: readonly Step[],
  made: readonly BackupMade[],
): Plan {
  const { input, context, session, sights, checks } = begun;
  const databases = sights.map(({ database }) => database);
  const [only] = databases.length === 1 ? databases : [];
  return {
    operation: 'backup',
    title: `Back up ${only ?? `${databases.length} databases`}`,
    subject: only ?? `${databases.length} databases`,
    danger: input.ignore_space ? 'type-name' : 'none',
    writes: false,
    server: context.place,
    input: { ...input },
    facts:
      surveys.length === 0 ? [{ label: 'Server', value: context.place }] : factsOf(session, context, surveys),
    ...(surveys.length > 1 && { tables: [databaseTable(surveys)] }),
    checks,
    steps,
    leaves: () => {
      const kept = made.map(({ id }) => id).join(', ');
      return `${kept === '' ? 'No backup was made' : `Made and kept: ${kept}`}; ${only ?? 'the databases'} ${only === undefined ? 'were' : 'was'} only read.`;
    },
    reaches: () =>
      `${only ?? 'The databases'} ${only === undefined ? 'were' : 'was'} only read; ${made.map(({ id }) => id).join(', ')} ${made.length === 1 ? 'is' : 'are'} in the repository, verified.`,
    locks: databases.map((database) => ({ family: 'backup', database })),
  };
}

function factsOf({ server }: Session, context: OpContext, surveys: readonly Survey[]): Fact[] {
  const [first] = surveys;
  if (first === undefined) return [];
  const { request, selection, last } = first;
  const total = (of: (one: Survey) => number) => surveys.reduce((sum, one) => sum + of(one), 0);
  const one = surveys.length === 1;
  return [
    {
      label: 'Server',
      value: `${context.place}, PostgreSQL ${server.version}${server.standby ? ', standby' : ''}`,
    },
    one
      ? { label: 'Database', value: `${request.database}, ${bytes(first.bytes)}` }
      : { label: 'Databases', value: `${surveys.length}, ${bytes(total((s) => s.bytes))}` },
    {
      label: 'Tables',
      value: `${count(total((s) => s.selection.filled.length))} with rows, ${bytes(total((s) => s.raw))}`,
    },
    ...(selection.chosen.length > 0 ? [{ label: 'Chosen', value: selection.chosen.join(', ') }] : []),
    {
      label: 'Format',
      value: [
        request.format,
        compressionText(request.compression),
        ...(request.jobs > 1 ? [`${request.jobs} jobs`] : []),
        ...(request.content === 'all' ? [] : [`${request.content} only`]),
      ].join(', '),
    },
    { label: 'Goes to', value: request.repository },
    { label: 'Estimate', value: bytes(total((s) => s.estimate.bytes)) },
    ...(one
      ? [
          {
            label: 'Last backup',
            value: last === undefined ? 'none' : `${last.id}, ${bytes(last.bytes)}, ${last.status}`,
          },
        ]
      : []),
  ];
}

function databaseTable(surveys: readonly Survey[]): { title: string; columns: string[]; rows: string[][] } {
  return {
    title: 'Databases',
    columns: ['database', 'size', 'tables', 'estimate', 'last backup'],
    rows: surveys.map(({ request, bytes: size, selection, estimate, last }) => [
      request.database,
      bytes(size),
      count(selection.filled.length),
      bytes(estimate.bytes),
      last?.id ?? 'none',
    ]),
  };
}

function undoOf({ dir }: BackupInput, made: readonly BackupMade[]): Plan['undo'] {
  if (made.length === 0) return undefined;
  const where = dir === undefined ? '' : ` --dir ${shellWord(dir)}`;
  return { command: made.map(({ id }) => `pgdeck backups delete ${shellWord(id)}${where}`).join(' && ') };
}
