import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { shellWord } from '../../text/shell.ts';

/** Short options of the fields of a connection. */
const OPTIONS: Readonly<Record<string, string>> = { host: '-h', port: '-p', user: '-U', database: '-d' };

/**
 * Which server, as words of the command line: its profile with what was given beside it, or every part of the address;
 * and the settings file that was named.
 * The password is found, or asked for, as it was here. They are not quoted for a shell.
 */
export function connectionWords({
  profileName,
  settingsFile,
  describe,
  readOnly,
  environment,
  target,
}: Pick<
  Resolved,
  'profileName' | 'settingsFile' | 'describe' | 'readOnly' | 'environment' | 'target'
>): string[] {
  // profiles are in it, and how backups are kept; neither cron nor another shell has PGDECK_CONFIG
  const file = settingsFile === undefined ? [] : ['--config', settingsFile];
  if (profileName === undefined) return [...file, ...addressWords(describe, target)];
  const own = ['default', 'profile ', 'service '];
  const beside = describe.filter(
    ({ field, from }) => OPTIONS[field] !== undefined && !own.some((one) => from.startsWith(one)),
  );
  return [
    ...[...file, '--profile', profileName],
    ...beside.flatMap(({ field, value }) => [OPTIONS[field] ?? '', value]),
    ...(environment === 'production' && !readOnly ? ['--no-read-only'] : []),
  ];
}

function addressWords(describe: Resolved['describe'], target: Resolved['target']): string[] {
  const { host, port, user, database, sslmode, tlsFiles = {} } = target;
  const chosen = describe.some(({ field, from }) => field === 'sslmode' && from !== 'default');
  // a name that reads like a connection string would be taken for one
  const plain = !database.includes('=') && !/^postgres(ql)?:/.test(database);
  if (plain && !chosen && Object.keys(tlsFiles).length === 0)
    return ['-h', host, '-p', String(port), '-U', user, '-d', database];
  const { root, certificate, key } = tlsFiles;
  const parameters = Object.entries({
    ...{ host, port, user, dbname: database, sslmode },
    ...{ sslrootcert: root, sslcert: certificate, sslkey: key },
  });
  const written = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}='${String(value).replace(/['\\]/g, '\\$&')}'`],
  );
  return ['-d', written.join(' ')];
}

/** Variables that decide where things are; cron and systemd start with none of them. */
const PLACES = [
  'BACKUP_DIR',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'XDG_CONFIG_HOME',
  'PGPASSFILE',
  'PGSERVICEFILE',
  // how docker and kubectl find what they work with
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'KUBECONFIG',
  // and a bucket its credentials, which are none themselves
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_REGION',
];

/** Those of them that are set here, for what is started elsewhere. */
export function placesIn(env: Env): ReadonlyMap<string, string> {
  return new Map(PLACES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}

/** A command of pgdeck as it reaches that server from any shell; any other command as it is. */
export function withConnection(command: string, words: readonly string[]): string {
  return command.replace(/(?<=^|&& )pgdeck (?!-)/g, () => ['pgdeck', ...words.map(shellWord), ''].join(' '));
}
