/** The mildest first: `log` is what the server says of itself, which is not worse than what clients are told. */
export const SEVERITIES = ['debug', 'log', 'info', 'notice', 'warning', 'error', 'fatal', 'panic'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** In which form the server writes a log; the first of several tells most. */
export const LOG_FORMATS = ['jsonlog', 'csvlog', 'stderr'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The texts of one entry, by the names that jsonlog has for them. */
export interface LogTexts {
  message: string;
  detail: string | null;
  hint: string | null;
  internal_query: string | null;
  context: string | null;
  statement: string | null;
  backtrace: string | null;
}

/** One message of the server, with all that belongs to it. What the log does not say is null. */
export interface LogEntry extends LogTexts {
  /** Milliseconds since 1970. */
  readonly at: number | null;
  /** In English, whatever the log's language. Null: a line that some program wrote to the server's stderr, or a word that is not known. */
  readonly severity: Severity | null;
  readonly sqlstate: string | null;
  readonly pid: number | null;
  readonly user: string | null;
  readonly database: string | null;
  readonly host: string | null;
  readonly application: string | null;
  readonly backendType: string | null;
  readonly sessionId: string | null;
  /** As PostgreSQL writes it: a number beyond what JavaScript holds exactly. */
  readonly queryId: string | null;
}

/** Nothing but a text. */
export const BARE: Omit<LogEntry, 'message'> = {
  at: null,
  severity: null,
  sqlstate: null,
  pid: null,
  user: null,
  database: null,
  host: null,
  application: null,
  backendType: null,
  sessionId: null,
  queryId: null,
  detail: null,
  hint: null,
  internal_query: null,
  context: null,
  statement: null,
  backtrace: null,
};

/** Whether an entry is at least this bad; one of an unknown severity is not, unless everything is asked for. */
export function isAtLeast({ severity }: Pick<LogEntry, 'severity'>, least: Severity): boolean {
  if (severity === null) return SEVERITIES.indexOf(least) <= SEVERITIES.indexOf('log');
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
