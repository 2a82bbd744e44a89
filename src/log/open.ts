import { isAbsolute, join } from 'node:path';
import { quoteIdent } from '../db/ident.ts';
import { logSetup, logZones } from '../db/queries/log.ts';
import type { RowOf } from '../db/query.ts';
import { grant, type Server, setByReload, type Vendor } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import { CommandError, type Host } from '../hosts/host.ts';
import { LogClock } from './clock.ts';
import { ContainerSource } from './container-source.ts';
import { csvReader } from './formats/csv.ts';
import { jsonReader } from './formats/json.ts';
import { stderrReader } from './formats/stderr.ts';
import { type ServerHere, serverHere, stderrFile } from './here.ts';
import { currentFormats, HostSource } from './host-source.ts';
import { logNames, namedOnce } from './names.ts';
import { readPrefix } from './prefix.ts';
import { LogReader } from './reader.ts';
import type { LogSource } from './source.ts';
import { SqlSource } from './sql-source.ts';

type Setup = RowOf<typeof logSetup>;

/** Why a log cannot be read, and what would change that. */
export interface Closed {
  readonly unknown: string;
  /** SQL, or a sentence. */
  readonly remedy?: string;
}

/** A log whose lines do not say when they were. */
export function untimed(server: Server): Closed {
  const set = setByReload(server, 'log_line_prefix', '%m [%p] ');
  return {
    unknown: 'log_line_prefix does not say when a message was, so that an hour of the log is not known.',
    remedy: 'sql' in set ? set.sql : set.advice,
  };
}

/** A log that can be read. */
export interface OpenLog {
  readonly reader: LogReader;
  /** Set where the server reads it for us: it may be given another session. */
  readonly sql: SqlSource | undefined;
  /** What the server's clock is ahead of this machine's, in milliseconds. */
  readonly ahead: number;
  /** log_min_duration_statement in milliseconds; null where it is off. */
  readonly slowFrom: number | null;
  /** What it is read by: another one, and it has to be opened again. */
  readonly settings: string;
}

/**
 * Finds the log of a server: its files where it runs on this host and this user may read them, else through the server,
 * else why not. Throws DbError when the connection breaks.
 */
export async function openLog(session: Session, host: Host): Promise<OpenLog | Closed> {
  const [setup] = await session.run(logSetup, undefined);
  if (setup === undefined) throw new Error('the server has told nothing of its log');
  const ahead = setup.now_ms - Date.now();
  const here = await reached(sourceHere(session, host, setup));
  const source = 'list' in here ? here : sourceThere(session, setup);
  if (source === undefined) return 'unknown' in here ? here : closed(session.server, setup, host);
  const zones = await session.run(logZones, undefined);
  const clock = new LogClock(new Map(zones.map(({ abbreviation, seconds }) => [abbreviation, seconds])));
  const { line_prefix, verbose, min_duration_ms: slow } = setup;
  return {
    reader: new LogReader(source, {
      jsonlog: jsonReader(clock),
      csvlog: csvReader(clock),
      stderr: stderrReader(
        clock,
        source instanceof ContainerSource ? stamped(line_prefix) : line_prefix,
        verbose,
      ),
    }),
    sql: source instanceof SqlSource ? source : undefined,
    ahead,
    slowFrom: slow === null || slow < 0 ? null : slow,
    settings: settingsOf(setup),
  };
}

/** What the log is read by now, to be compared with that of {@link OpenLog}. Throws DbError. */
export async function logSettings(session: Session): Promise<string> {
  const [setup] = await session.run(logSetup, undefined);
  return setup === undefined ? '' : settingsOf(setup);
}

// log_destination may change: the reader sees to that itself
function settingsOf({ now_ms: _now, destination: _destination, ...setup }: Setup): string {
  return JSON.stringify(setup);
}

/** Why not, where the host cannot be reached. */
async function reached(source: Promise<LogSource | undefined>): Promise<LogSource | Closed | object> {
  try {
    return (await source) ?? {};
  } catch (error) {
    if (error instanceof CommandError) return { unknown: error.message };
    throw error;
  }
}

async function sourceHere(session: Session, host: Host, setup: Setup): Promise<LogSource | undefined> {
  const here = await serverHere(session, host, setup);
  if (here === undefined) return undefined;
  if (!setup.collector) return outputHere(host, here, setup);
  const { log_directory, log_filename } = setup;
  if (log_directory === null || log_filename === null) return undefined;
  const directory = isAbsolute(log_directory) ? log_directory : join(here.directory, log_directory);
  const formats = () => currentFormats(host.files, here.directory);
  const source = new HostSource(host, directory, logNames(log_filename), formats);
  return (await isReadable(source)) ? source : undefined;
}

/** Where the server's stderr goes: a file, or what keeps the output of its container. */
async function outputHere(
  host: Host,
  here: ServerHere,
  { destination, line_prefix }: Setup,
): Promise<LogSource | undefined> {
  const file = await stderrFile(host, here);
  if (file !== undefined) {
    const source = new HostSource(host, file.directory, namedOnce(file.name), async () => ['stderr']);
    return (await isReadable(source)) ? source : undefined;
  }
  const { output, label } = host;
  if (output === undefined || onlySystem(destination)) return undefined;
  // of some logging drivers nothing can be read: then its words say so
  await output.tail(1);
  return new ContainerSource(output, label, { stamped: stamped(line_prefix) !== line_prefix });
}

/** With a time before it where it has none: docker knows when each line was written. */
const stamped = (prefix: string): string => (readPrefix(prefix).timed ? prefix : `%m ${prefix}`);

const destinationsOf = (setting: string) => setting.split(',').map((one) => one.trim());

/** What the log goes to where that is neither a file nor stderr. */
function onlySystem(setting: string): string | undefined {
  const destinations = destinationsOf(setting);
  if (destinations.includes('stderr')) return undefined;
  return destinations.find((one) => one === 'syslog' || one === 'eventlog');
}

/** Whether the newest file opens: a directory may be open to a user to whom the files are closed. */
async function isReadable(source: LogSource): Promise<boolean> {
  try {
    const [newest] = (await source.list()).toSorted((a, b) => b.modified - a.modified);
    if (newest === undefined) return false;
    await source.read(newest.name, 0, 1);
    return true;
  } catch {
    return false;
  }
}

function sourceThere(session: Session, setup: Setup): SqlSource | undefined {
  const { collector, log_directory, log_filename, may_list, may_read } = setup;
  if (!collector || log_directory === null || log_filename === null) return undefined;
  if (!may_list || !may_read) return undefined;
  return new SqlSource(session, log_directory, logNames(log_filename));
}

/** Services that keep the log where only they can read it. */
const SERVICES: Readonly<Partial<Record<Vendor, string>>> = {
  rds: 'Amazon RDS keeps it: see the console, or aws rds download-db-log-file-portion.',
  aurora: 'Amazon Aurora keeps it: see the console, or aws rds download-db-log-file-portion.',
  cloudsql: 'Cloud SQL keeps it in Cloud Logging.',
  alloydb: 'AlloyDB keeps it in Cloud Logging.',
  azure: 'Azure keeps it: see Server logs in the portal.',
  neon: 'Neon keeps it: see Monitoring in its console.',
  supabase: 'Supabase keeps it: see Logs in its dashboard.',
};

/** The exact rights that a role lacks to read the log through the server. */
function grants(server: Server, { may_list, may_read, log_directory }: Setup): string {
  const role = quoteIdent(server.user);
  return [
    ...(may_list && log_directory !== null ? [] : [grant('pg_monitor', server)]),
    ...(may_read
      ? []
      : [
          `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO ${role}`,
        ]),
  ].join('; ');
}

/** How the machine of the server is looked at as the server's user. */
function asUser({ kind, label }: Host, first = 'R'): string {
  if (kind === 'local') return `${first}un pgdeck on the machine of the server as the user that it runs as`;
  const name = first === 'R' ? 'Name' : 'name';
  return kind === 'docker' || kind === 'compose'
    ? `${name} the user that the server runs as in ${label} as runs_on.user`
    : `${name} the user that the server runs as in the destination of runs_on`;
}

function closed(server: Server, setup: Setup, host: Host): Closed {
  const service = SERVICES[server.vendor];
  if (service !== undefined) return { unknown: `The server's log cannot be read from here. ${service}` };
  if (!setup.collector) {
    const system = onlySystem(setup.destination);
    const where =
      system !== undefined
        ? `goes to ${system}`
        : 'goes to its stderr, which only its machine can read: journalctl -u postgresql, docker logs, kubectl logs, or the file of pg_ctl -l';
    return {
      unknown: `logging_collector is off: the server's log ${where}.`,
      remedy: `${asUser(host)}, or set logging_collector = on and restart it.`,
    };
  }
  return {
    unknown: `The role ${server.user} may not read the server's log.`,
    remedy: `${grants(server, setup)} (in the database ${quoteIdent(server.database)}), or ${asUser(host, 'r')}.`,
  };
}
