import { z } from 'zod';
import type { Session } from '../../db/session.ts';
import { backup } from '../backup/operation.ts';
import { composeClient, composeCommand } from '../containers/compose.ts';
import { systemIdentifier } from '../database/identity.ts';
import { defineOperation, type Field, type OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step } from '../engine/plan.ts';
import { endedWork, lookAtServer, sessionTable } from '../server/look.ts';
import { dataDirectories, holdsData } from './data.ts';
import { type Project, type ProjectVolume, projectOf } from './project.ts';
import { recoverReset } from './recover.ts';
import { downStep, newReset, type Reset, removeStep, seenStep, upStep } from './steps.ts';

export const resetInput = z.object({
  timeout: z.number().int().min(1, 'expected 1 or more').max(86_400, 'expected a day at most').default(300),
  dir: z.string().optional(),
});

type ResetInput = z.output<typeof resetInput>;

const fields: Readonly<Record<keyof ResetInput, Field>> = {
  timeout: {
    title: 'Time to come back',
    hint: 'seconds that are waited for the new server to accept connections',
    placeholder: 'seconds',
  },
  dir: {
    title: 'Repository',
    hint: 'where the backup is put that is made first (default: BACKUP_DIR, else the profile’s directory)',
    placeholder: 'directory',
    standard: (known) => known.env.BACKUP_DIR ?? known.backup.directory ?? 'the usual one',
  },
};

/**
 * The database of a development environment from its beginning: all databases are backed up, the project goes down, the
 * volume of the server is removed, and the project comes up with an empty one.
 */
export const composeReset = defineOperation({
  id: 'compose reset',
  input: resetInput,
  fields,
  plan: planReset,
  recover: recoverReset,
  recoversOffline: true,
});

async function planReset(input: ResetInput, context: OpContext): Promise<Plan> {
  const project = await projectOf(context);
  const client = await composeClient(context.here);
  const session = await context.session();
  const [seen, identifier, directories, unsaved, saved] = await Promise.all([
    lookAtServer(session),
    systemIdentifier(session),
    dataDirectories(session, context.host, project.container),
    unsavedDatabases(session),
    backup.plan(
      backup.input.parse({
        all_databases: true,
        label: `before a reset of ${project.name}`,
        ...(input.dir && { dir: input.dir }),
      }),
      context,
    ),
  ]);
  const data = project.volumes.filter(({ destination }) => holdsData(destination, directories));
  const own = data.filter((one) => one.own);
  const reset = newReset({ context, project, identifier, seconds: input.timeout });
  const names = own.map(({ name }) => name);
  const checks = [
    ...environmentCheck(context),
    ...projectChecks(project, data, client),
    ...workCheck(endedWork(seen.work)),
    ...unsavedCheck(unsaved),
    ...saved.checks,
  ];
  const blocked = checks.some(({ status }) => status === 'block');
  const up = client && composeCommand(client, project, 'up', '-d');
  return {
    operation: 'compose reset',
    title: `Reset the database of the project ${project.name}`,
    subject: names.length === 1 ? (names[0] ?? project.name) : project.name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      { label: 'Project', value: `${project.name}, service ${project.service}, in ${project.directory}` },
      { label: 'Volume', value: own.map((one) => `${one.name} at ${one.destination}`).join(', ') || 'none' },
      ...saved.facts.filter(({ label }) => label === 'Goes to' || label.startsWith('Database')),
    ],
    tables: [...(seen.groups.length > 0 ? [sessionTable(seen.groups)] : []), ...(saved.tables ?? [])],
    checks,
    steps:
      client === undefined || up === undefined || blocked
        ? []
        : [
            ...savedSteps(saved),
            downStep(reset, composeCommand(client, project, 'down'), up, names),
            removeStep(names),
            upStep(reset, up),
            seenStep(reset),
          ],
    consequence: `All databases of this server are removed with ${names.join(' and ') || 'its volume'}; what is in the backup that is made first can be restored. Every service of the project is stopped meanwhile.`,
    leaves: ({ done }) => stateOf(reset, names, done),
    reaches: () =>
      `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} new, and the server has what its image and its scripts put there. What was there is listed by: pgdeck backups list`,
    locks: [{ family: 'restore', database: context.target.database }],
  };
}

/** The backup's own steps; what its rule no longer keeps stays until an ordinary one. */
function savedSteps({ steps }: Plan): Step[] {
  return steps
    .filter(({ id }) => !id.includes('retention'))
    .map((step) => ({ ...step, title: `Backup: ${step.title}` }));
}

function stateOf({ begun, back }: Reset, names: readonly string[], done: ReadonlySet<string>): string {
  if (!begun) return 'The containers and the volume were not touched.';
  const gone = done.has('remove')
    ? `${names.join(' and ')} was removed`
    : `${names.join(' and ')} may be there still`;
  return `${gone}, and the project is ${back ? 'up' : 'down'}. A backup from before is listed by: pgdeck backups list`;
}

function environmentCheck({ environment }: OpContext): Check[] {
  const title = 'Environment';
  if (environment === 'development')
    return [{ title, status: 'ok', detail: 'The profile says that this is development.' }];
  return [
    {
      title,
      status: 'block',
      detail:
        environment === undefined
          ? 'Only a server is reset whose profile says that it is development: "environment": "development".'
          : `This is ${environment}: its data is not thrown away. Only development is reset.`,
    },
  ];
}

function projectChecks(
  { volumes, container, name, directory }: Project,
  data: readonly ProjectVolume[],
  client: unknown,
): Check[] {
  const own = data.filter((one) => one.own);
  const foreign = data.filter((one) => !one.own);
  const others = volumes.filter((one) => !data.includes(one));
  const usual = container.environment.PGDATA ?? '/var/lib/postgresql';
  const bound = container.mounts.find(
    ({ type, destination }) =>
      type === 'bind' && (usual.startsWith(destination) || destination.startsWith(usual)),
  );
  return [
    ...(client === undefined
      ? [
          {
            title: 'Compose',
            status: 'block' as const,
            detail:
              'Neither docker compose nor docker-compose is on this machine, and what is stopped could not be started again. Install one of them.',
          },
        ]
      : []),
    ...(own.length === 0
      ? [
          {
            title: 'Volume',
            status: 'block' as const,
            detail:
              bound === undefined
                ? `The data of the server is in no volume that the project ${name} has made.`
                : `Its data is in the directory ${bound.source} of the machine, in no volume: remove that yourself where you mean it.`,
          },
        ]
      : [
          {
            title: 'Volume',
            status: 'ok' as const,
            detail: `${own.map((one) => one.name).join(' and ')} ${own.length === 1 ? 'has' : 'have'} the data of the server and ${own.length === 1 ? 'is' : 'are'} removed; all others stay.`,
          },
        ]),
    ...foreign.map((one) => ({
      title: 'Volume',
      status: 'warn' as const,
      detail: `${one.name} was not made by the project ${name}: it stays as it is.`,
    })),
    ...others.map((one) => ({
      title: 'Volume',
      status: 'ok' as const,
      detail: `${one.name} at ${one.destination} has nothing of the server: it stays as it is.`,
    })),
    ...(directory.startsWith('/')
      ? []
      : [
          {
            title: 'Compose',
            status: 'block' as const,
            detail: `The project has no directory: ${directory}`,
          },
        ]),
  ];
}

/** What nobody may connect to, such as the copies that restores keep: a backup of all databases passes it over. */
async function unsavedDatabases(session: Session): Promise<string[]> {
  const rows = await session.sql(
    "SELECT /* pgdeck */ datname::text AS name FROM pg_catalog.pg_database WHERE (NOT datallowconn OR datistemplate) AND datname NOT IN ('template0', 'template1') ORDER BY 1",
  );
  return rows.map(({ name }) => String(name));
}

function unsavedCheck(names: readonly string[]): Check[] {
  if (names.length === 0) return [];
  const [is, go] = names.length === 1 ? ['is', 'goes'] : ['are', 'go'];
  return [
    {
      title: 'Not in the backup',
      status: 'warn',
      detail: `${names.join(', ')} ${is} closed to connections or a template, and ${go} with the volume for good.`,
    },
  ];
}

function workCheck(ended: readonly string[]): Check[] {
  if (ended.length === 0) return [];
  return [
    { title: 'At work', status: 'block', detail: `${ended.join(', ')} at work on the server: wait for it.` },
  ];
}
