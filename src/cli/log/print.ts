import type { LogEntry } from '../../log/entry.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { moment } from '../../text/units.ts';

/** An entry by the names of jsonlog; what the log does not say is null. */
export function recordOf(entry: LogEntry): Readonly<Record<string, unknown>> {
  const { at, severity } = entry;
  return {
    timestamp: at === null ? null : new Date(at).toISOString(),
    user: entry.user,
    dbname: entry.database,
    pid: entry.pid,
    remote_host: entry.host,
    session_id: entry.sessionId,
    error_severity: severity?.toUpperCase() ?? null,
    state_code: entry.sqlstate,
    message: entry.message,
    detail: entry.detail,
    hint: entry.hint,
    internal_query: entry.internal_query,
    context: entry.context,
    statement: entry.statement,
    backtrace: entry.backtrace,
    application_name: entry.application,
    backend_type: entry.backendType,
    query_id: entry.queryId,
  };
}

/** The same for people: a line with what happened, and below it what goes with it, by the clock of this machine. */
export function textOf(entry: LogEntry): string {
  const { at, pid, user, database, severity, sqlstate } = entry;
  const head = [
    ...(at === null ? [] : [momentMs(at)]),
    ...(pid === null ? [] : [`[${pid}]`]),
    ...(user === null && database === null ? [] : [cleanLine(`${user ?? ''}@${database ?? ''}`)]),
    ...(severity === null
      ? []
      : // 00000 says that nothing went wrong
        [`${severity.toUpperCase()}${sqlstate === null || sqlstate === '00000' ? '' : ` ${sqlstate}`}:`]),
  ];
  const more = MORE.flatMap(([name, title]) => {
    const text = entry[name];
    return text === null ? [] : [`${title}: ${text}`];
  });
  const [first = '', ...rest] = [entry.message, ...more].flatMap((text) => cleanBlock(text).split('\n'));
  return [[...head, first].join(' '), ...rest.map((line) => `    ${line}`)].join('\n');
}

const MORE = [
  ['detail', 'DETAIL'],
  ['hint', 'HINT'],
  ['internal_query', 'QUERY'],
  ['context', 'CONTEXT'],
  ['statement', 'STATEMENT'],
  ['backtrace', 'BACKTRACE'],
] as const satisfies readonly (readonly [keyof LogEntry, string])[];

function momentMs(at: number): string {
  return `${moment(new Date(at))}.${String(Math.floor(at) % 1000).padStart(3, '0')}`;
}
