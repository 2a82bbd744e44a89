import type { Command } from 'commander';
import { placeText } from '../config/place-text.ts';
import type { Origin, Resolved } from '../config/profile.ts';
import type { RunsOn } from '../config/runs-on.ts';
import type { Settings } from '../config/settings.ts';
import { UsageError } from '../config/usage-error.ts';
import type { Context, GlobalOptions } from './context.ts';
import { EXIT, note, type OutputColumn, print, printJson, printTable } from './output.ts';

interface AddOptions {
  readonly environment?: string;
  readonly readOnly: boolean;
  readonly sslmode?: string;
  readonly default?: boolean;
  readonly docker?: string;
  readonly compose?: string;
  readonly pod?: string;
  readonly context?: string;
  readonly container?: string;
  readonly forward?: boolean;
  readonly ssh?: string;
  readonly tunnel?: boolean;
}

const COLUMNS: readonly OutputColumn[] = [
  { key: 'name', title: 'NAME' },
  { key: 'address', title: 'SERVER' },
  { key: 'environment', title: 'ENVIRONMENT' },
  { key: 'read_only', title: 'READ ONLY' },
  { key: 'default', title: 'DEFAULT' },
];

/** Servers under a name, in the settings file. */
/** What to type, where no name was. */
const NEXT = 'Give it one: pgdeck profile add NAME -h HOST -d DATABASE';

export function register(program: Command, context: Context): void {
  const profile = program.command('profile').description('servers under a name, in the settings file');
  const json = ['--json', 'print JSON'] as const;

  profile
    .command('list')
    .description('list the profiles')
    .option(...json)
    .action(async (options: { json?: boolean }, command: Command) => {
      const { settings, file } = await context.settings(command);
      const profiles = Object.keys(settings.profiles).map((name) => summary(name, settings));
      const elsewhere = profiles.some((one) => one.place !== HERE);
      if (options.json) printJson({ profiles: profiles.map(({ place: _, ...rest }) => rest) });
      else if (profiles.length > 0)
        await printTable(profiles, elsewhere ? [...COLUMNS, { key: 'place', title: 'RUNS ON' }] : COLUMNS);
      else note(`There is no profile in ${file}. Add one: pgdeck profile add NAME -h HOST -d DATABASE`);
    });

  profile
    .command('add')
    .argument('[name]', 'what to call the server; without, the servers in containers and pods are listed')
    .description('add a server; connection options say which, or the container that it runs in')
    .option('--environment <environment>', 'development, staging or production')
    .option('--no-read-only', 'allow changes although the server is production')
    .option('--sslmode <mode>', 'as in libpq')
    .option('--default', 'use it when nothing names another server')
    .option('--docker <container>', 'it runs in this container, where its programs run, too')
    .option('--compose <project/service>', 'it runs in the container of this service of docker compose')
    .option('--pod <pod>', '[NAMESPACE/]POD, or labels that one pod has: it runs there, by kubectl')
    .option('--context <context>', 'of the kubeconfig, with --pod (default: the current one)')
    .option('--container <container>', 'of the pod, where it has several')
    .option(
      '--no-forward',
      'with --pod: connections go to the host that is named, not through kubectl port-forward',
    )
    .option('--ssh <destination>', 'it runs on a machine that ssh reaches, where its programs run, too')
    .option('--tunnel', 'connections go through ssh, too')
    .action(async (name: string | undefined, options: AddOptions, command: Command) => {
      if (name === undefined) {
        const said = (one: Command) =>
          one.options.some((option) => one.getOptionValueSource(option.attributeName()) === 'cli');
        if (said(command) || said(program))
          throw new UsageError('profile add needs a name: what to call the server.', NEXT);
        const { listServers } = await import('./profile/servers.ts');
        await listServers();
        return;
      }
      const { file } = await context.settings(command);
      const { changeSettings } = await import('../config/store.ts');
      const { profileOf } = await import('../config/new-profile.ts');
      // --no-read-only is this command's own and true while absent: --read-only is the program's
      const flags = program.opts<GlobalOptions>();
      const readOnly = options.readOnly ? flags.readOnly : false;
      const { placeOf } = await import('./profile/place.ts');
      const { runs_on, found } = await placeOf({ ...options, port: flags.port });
      const added = profileOf(name, { ...flags, readOnly }, { ...options, runs_on, found });
      await changeSettings(file, (settings) => {
        if (Object.hasOwn(settings.profiles, name))
          throw new UsageError(
            `There is a profile "${name}" already.`,
            `Remove it first: pgdeck profile remove ${name}`,
          );
        return {
          ...settings,
          profiles: { ...settings.profiles, [name]: added },
          ...(options.default && { defaultProfile: name }),
        };
      });
      note(`Added "${name}" to ${file}. Try it: pgdeck profile test ${name}`);
    });

  profile
    .command('show')
    .argument('<name>', 'as profile list has it')
    .description('show what a profile stands for, and where each value comes from')
    .option(...json)
    .action(async (name: string, options: { json?: boolean }, command: Command) => {
      const { resolved, settings } = await context.resolve(command, { profile: name });
      if (options.json) printJson({ profile: details(resolved, settings) });
      else await printTable(fields(resolved), FIELD_COLUMNS);
    });

  profile
    .command('test')
    .argument('[name]', 'as profile list has it; without, the server that is meant otherwise')
    .description(
      'connect, and tell the version, missing rights, TLS and the round trip; elsewhere hop by hop',
    )
    .option(...json)
    .action(async (name: string | undefined, options: { json?: boolean }, command: Command) => {
      const { resolved } = await context.resolve(command, name === undefined ? {} : { profile: name });
      if (resolved.runsOn.server.kind !== 'local') {
        const { testHops } = await import('./profile/test.ts');
        context.exitCode = await testHops(resolved, context.env, options.json === true);
        return;
      }
      const { probe, probeLines } = await import('./profile/probe.ts');
      const found = await probe(resolved);
      if (options.json) {
        printJson({ test: found });
        return;
      }
      for (const line of probeLines(found)) print(line);
    });

  profile
    .command('remove')
    .argument('<name>', 'as profile list has it')
    .description('remove a profile')
    .action(async (name: string, _options, command: Command) => {
      const { file } = await context.settings(command);
      const { changeSettings } = await import('../config/store.ts');
      await changeSettings(file, ({ defaultProfile, ...settings }) => {
        const { [name]: removed, ...profiles } = settings.profiles;
        if (!removed)
          throw new UsageError(`There is no profile "${name}".`, 'pgdeck profile list shows them.');
        const keep = defaultProfile !== undefined && defaultProfile !== name;
        return { ...settings, profiles, ...(keep && { defaultProfile }) };
      });
      note(`Removed "${name}" from ${file}.`);
      context.exitCode = EXIT.done;
    });
}

const HERE = placeText({ kind: 'local' });

const FIELD_COLUMNS: readonly OutputColumn[] = [
  { key: 'field', title: 'FIELD' },
  { key: 'value', title: 'VALUE' },
  { key: 'from', title: 'FROM' },
];

function summary(name: string, { profiles, defaultProfile }: Settings): Record<string, unknown> {
  const profile = profiles[name] ?? {};
  // who is told outside stands for secrets
  const { readOnly, environment, thresholds: _, intervals: __, notify: ___, ...connection } = profile;
  const { host, port, user, database, url, service } = connection;
  const address = `${user ? `${user}@` : ''}${host ?? ''}${port ? `:${port}` : ''}${database ? `/${database}` : ''}`;
  return {
    name,
    address: url ?? (service ? `service ${service}` : address),
    ...connection,
    environment: environment ?? null,
    read_only: readOnly ?? environment === 'production',
    default: name === defaultProfile,
    place: placeText(profile.runs_on ?? { kind: 'local' }),
  };
}

function fields(resolved: Resolved): Origin[] {
  const from = resolved.profileName === undefined ? 'default' : `profile ${resolved.profileName}`;
  return [
    ...resolved.describe,
    { field: 'environment', value: resolved.environment ?? '-', from },
    { field: 'read_only', value: resolved.readOnly ? 'yes' : 'no', from },
    ...placesIn(resolved).map(([field, place]) => ({
      field,
      value: `${placeText(place)}${(place.kind === 'ssh' && place.tunnel) || (place.kind === 'kubectl' && place.forward) ? ', connections too' : ''}`,
      from,
    })),
  ];
}

/** Where commands run that do not run on this machine, by the names of their settings. */
function placesIn({ runsOn: { server, migrations, app } }: Resolved): [string, RunsOn][] {
  const all: [string, RunsOn][] = [
    ['runs_on', server],
    ['migrations.runs_on', migrations],
    ['app.runs_on', app],
  ];
  return all.filter(([, { kind }]) => kind !== 'local');
}

function details(resolved: Resolved, settings: Settings): Record<string, unknown> {
  const { host, port, user, database, sslmode } = resolved.target;
  return {
    name: resolved.name,
    host,
    port,
    user,
    database,
    sslmode,
    environment: resolved.environment ?? null,
    read_only: resolved.readOnly,
    default: resolved.profileName === settings.defaultProfile,
    from: Object.fromEntries(resolved.describe.map(({ field, from }) => [field, from])),
    ...Object.fromEntries(placesIn(resolved)),
    thresholds: resolved.thresholds,
    intervals: resolved.intervals,
  };
}
