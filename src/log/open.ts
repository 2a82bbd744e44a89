import { isAbsolute, join } from 'node:path';
import { quoteIdent } from '../db/ident.ts';
import { logSetup, logZones } from '../db/queries/log.ts';
import type { RowOf } from '../db/query.ts';
import { grant, type Server, setByReload, type Vendor } from '../db/server.ts';
import type { Session } from '../db/session.ts';
import type { Host } from '../hosts/host.ts';
import { LogClock } from './clock.ts';
import { csvReader } from './formats/csv.ts';
import { jsonReader } from './formats/json.ts';
import { stderrReader } from './formats/stderr.ts';
import { serverHere, stderrFile } from './here.ts';
import { currentFormats, HostSource } from './host-source.ts';
import { logNames, namedOnce } from './names.ts';
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
  const source = (await sourceHere(session, host, setup)) ?? sourceThere(session, setup);
  if (source === undefined) return closed(session.server, setup);
  const zones = await session.run(logZones, undefined);
  const clock = new LogClock(new Map(zones.map(({ abbreviation, seconds }) => [abbreviation, seconds])));
  const { line_prefix, verbose, min_duration_ms: slow } = setup;
  return {
    reader: new LogReader(source, {
      jsonlog: jsonReader(clock),
      csvlog: csvReader(clock),
      stderr: stderrReader(clock, line_prefix, verbose),
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

async function sourceHere(session: Session, host: Host, setup: Setup): Promise<LogSource | undefined> {
  const here = await serverHere(session, host, setup);
  if (here === undefined) return undefined;
  const { files } = host;
  let source: HostSource;
  if (setup.collector) {
    const { log_directory, log_filename } = setup;
    if (log_directory === null || log_filename === null) return undefined;
    const directory = isAbsolute(log_directory) ? log_directory : join(here.directory, log_directory);
    source = new HostSource(files, directory, logNames(log_filename), () =>
      currentFormats(files, here.directory),
    );
  } else {
    const file = await stderrFile(host, here);
    if (file === undefined) return undefined;
    source = new HostSource(files, file.directory, namedOnce(file.name), async () => ['stderr']);
  }
  return (await isReadable(source)) ? source : undefined;
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

function closed(server: Server, setup: Setup): Closed {
  const service = SERVICES[server.vendor];
  if (service !== undefined) return { unknown: `The server's log cannot be read from here. ${service}` };
  if (!setup.collector) {
    const destinations = setup.destination.split(',').map((one) => one.trim());
    const system = destinations.find((one) => one === 'syslog' || one === 'eventlog');
    const where =
      system !== undefined && !destinations.includes('stderr')
        ? `goes to ${system}`
        : 'goes to its stderr, which only its machine can read: journalctl -u postgresql, docker logs, kubectl logs, or the file of pg_ctl -l';
    return {
      unknown: `logging_collector is off: the server's log ${where}.`,
      remedy:
        'Run pgdeck on the machine of the server as the user that it runs as, or set logging_collector = on and restart it.',
    };
  }
  return {
    unknown: `The role ${server.user} may not read the server's log.`,
    remedy: `${grants(server, setup)} (in the database ${quoteIdent(server.database)}), or run pgdeck on the machine of the server as the user that it runs as.`,
  };
}
