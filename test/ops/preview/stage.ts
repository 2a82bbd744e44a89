import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';

/** A server that writes down every statement. */
export function loggingCluster(): Promise<Cluster> {
  return throwawayCluster({
    log_statement: 'all',
    log_line_prefix: '@%p %a@ ',
    log_error_verbosity: 'terse',
  });
}

/** The bytes that the log has. */
export async function logLength({ logFile }: Cluster): Promise<number> {
  return (await readFile(logFile)).length;
}

const STATEMENT = /^@(\d+) (.*?)@ LOG: {2}(?:statement|execute [^:]*): /;

/**
 * The statements that pgdeck's own sessions have sent since the log had `from` bytes, up to one that holds `last`. Not
 * those of pg_dump and the like, nor the lock that keeps two runs apart.
 */
export async function sentBy({ logFile }: Cluster, from: number, last: string): Promise<string[]> {
  let log = '';
  await until(
    async () => {
      log = (await readFile(logFile)).subarray(from).toString();
      return log.includes(last);
    },
    { what: 'the log of the server' },
  );
  const entries: string[] = [];
  // further lines of a statement begin with a tab
  for (const line of log.split('\n'))
    if (line.startsWith('\t')) entries.push(`${entries.pop()}\n${line.slice(1)}`);
    else entries.push(line);
  const sent = entries.flatMap((entry) => {
    const [head = '', pid, by = ''] = STATEMENT.exec(entry) ?? [];
    return /^pgdeck(?!-lock)/.test(by) ? [{ pid, text: entry.slice(head.length) }] : [];
  });
  // its sessions begin with a question that bears its mark, as the script of psql does; pg_dump has the same name
  const own = new Set(
    sent.filter(({ text }) => /\/\* pgdeck \*\/|'pgdeck' AS mark/.test(text)).map(({ pid }) => pid),
  );
  return sent.filter(({ pid }) => own.has(pid)).flatMap(({ text }) => statementsOf(text));
}

/** The statements of a text, without lines that are comments, and their semicolons. */
export function statementsOf(text: string): string[] {
  const bare = text.split('\n').filter((line) => !line.startsWith('-- '));
  return bare
    .join('\n')
    .split(/;(?:\n|$)/)
    .filter((sql) => sql.trim() !== '');
}

const SQL =
  /^(?:SELECT|WITH|BEGIN|COMMIT|SET|VACUUM|ANALYZE|REINDEX|CREATE|ALTER|COMMENT|DROP|INSERT|UPDATE|DELETE|MERGE|REVOKE|GRANT|TRUNCATE|LOCK|DO)\b/;

/** The statements that a preview shows, with the run's id in place; databases have the time of it in their names. */
export function shownIn(previews: readonly string[], run: string): string[] {
  const short = run.replace(/-\w+$/, '');
  return previews
    .flatMap((preview) => statementsOf(preview.replaceAll(/(__[a-z]+_)<run>/g, `$1${short}`)))
    .map((sql) => sql.replaceAll('<run>', run))
    .filter((sql) => SQL.test(sql));
}

/** Reads, or holds for the session or its transaction only. */
const HARMLESS = /^(?:SELECT|WITH|SHOW|EXPLAIN|BEGIN|COMMIT|ROLLBACK|RESET|SET)\b/;
/** The rows of a backup on their way into temporary tables. */
const ROWS = /^(?:COPY|INSERT INTO) pg_temp\.pgdeck_/;
const ACTS = /\bpg_(?:terminate|cancel)_backend|\bpg_try_advisory_lock\b/;

export const changes = (sql: string): boolean => (!HARMLESS.test(sql) && !ROWS.test(sql)) || ACTS.test(sql);
