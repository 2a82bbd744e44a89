import { CommandError, type Host } from '../../hosts/host.ts';
import type { OpError } from '../error.ts';
import type { Reader } from '../programs/programs.ts';
import { archiveErrors } from './errors.ts';
import { type Placed, withOutline } from './staged.ts';

/** One object of an archive. */
export interface TocEntry {
  readonly dumpId: number;
  /** OID of the catalog it is in, such as 1259 for pg_class; 0 where it has none. */
  readonly tableOid: number;
  readonly oid: number;
  /** `TABLE`, `TABLE DATA`, `FK CONSTRAINT`. */
  readonly type: string;
  /** null where it belongs to none. */
  readonly schema: string | null;
  /**
   * pg_restore does not quote names: of one with blanks in it, or of an owner's, the parts may be told apart wrongly.
   * What must be certain goes by oid and dumpId.
   */
  readonly name: string;
  readonly owner: string;
  /** As pg_restore --use-list takes it. */
  readonly line: string;
}

export interface Toc {
  readonly database: string | undefined;
  /** As pg_restore writes it. */
  readonly createdAt: string | undefined;
  /** `15.18`: of the server that was dumped. */
  readonly serverVersion: string | undefined;
  /** `15.18`: of the pg_dump that wrote it. */
  readonly dumpVersion: string | undefined;
  /** `1.14-0`. */
  readonly archiveVersion: string | undefined;
  /** `CUSTOM`, `DIRECTORY`. */
  readonly format: string | undefined;
  readonly compression: string | undefined;
  readonly entries: readonly TocEntry[];
}

const STALL_MS = 60_000;

/**
 * What an archive of pg_restore holds. Reads the table of contents only: that it succeeds says nothing of the data.
 * Throws {@link OpError} when there is no table of contents; `shown` is what the archive is called then.
 */
export async function readToc(host: Host, pgRestore: string, path: string, shown = path): Promise<Toc> {
  const { exitCode, stdout, stderr } = await host
    .run(pgRestore, ['-l', path], { env: { LC_ALL: 'C' }, stallMs: STALL_MS })
    .catch((error: unknown) => {
      throw isCrash(error) ? unreadable(shown, error.message) : error;
    });
  if (exitCode !== 0) throw unreadable(shown, stderr);
  return parseToc(stdout);
}

/** The same of an archive of this machine, wherever it is read. */
export function tocOf(reader: Reader, archive: Placed): Promise<Toc> {
  return withOutline(reader, archive, (path) =>
    readToc(reader.host, reader.path('pg_restore'), path, archive.path),
  );
}

/** pg_restore trusts lengths and numbers that it reads, and falls over those that were altered. */
export function isCrash(error: unknown): error is CommandError {
  return (
    error instanceof CommandError &&
    error.kind === 'signal' &&
    /SIG(SEGV|ABRT|BUS|FPE|ILL)/.test(error.message)
  );
}

function unreadable(path: string, stderr: string): OpError {
  const said = reasonIn(stderr);
  // the archive is not to blame
  if (/unsupported version|does not support compression/.test(said))
    return archiveErrors.otherVersion({ path, said });
  return archiveErrors.noContents({ path, said });
}

/** The last thing that a program said went wrong, without its own name; never empty. */
export function reasonIn(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const last = lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1) ?? '';
  const reason = last.replace(/^[\w-]+: (error: |fatal: )?/, '').trim();
  return reason === '' ? 'it gave no reason.' : `${reason.replace(/\.$/, '')}.`;
}

/** Reads what `pg_restore -l` prints. */
function parseToc(text: string): Toc {
  const lines = text.split('\n');
  const header = (label: string) => {
    const line = lines.find((one) => one.startsWith(';') && one.slice(1).trimStart().startsWith(label));
    return line?.slice(line.indexOf(label) + label.length).trim() || undefined;
  };
  const version = (label: string) => header(label)?.split(' ')[0];
  const raw = lines.flatMap((line) => rawEntry(line) ?? []);
  // names with blanks are told apart by the schemas that there are
  const schemas = raw
    .filter((one) => one.type === 'SCHEMA')
    .map((one) => one.rest.replace(/^- /, '').replace(/ \S*$/, ''))
    .filter((name) => name.includes(' '))
    .sort((a, b) => b.length - a.length);
  return {
    database: header('dbname:'),
    createdAt: header('Archive created at '),
    serverVersion: version('Dumped from database version:'),
    dumpVersion: version('Dumped by pg_dump version:'),
    archiveVersion: header('Dump Version:'),
    format: header('Format:'),
    compression: header('Compression:'),
    entries: raw.map(({ rest, ...entry }) => ({ ...entry, ...named(rest, schemas) })),
  };
}

/** The types of two words and more; all others are one. Longer ones first. */
const TYPES = [
  'MATERIALIZED VIEW DATA',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH TEMPLATE',
  'TEXT SEARCH PARSER',
  'PUBLICATION TABLES IN SCHEMA',
  'DATABASE PROPERTIES',
  'PUBLICATION TABLE',
  'FOREIGN DATA WRAPPER',
  'SUBSCRIPTION TABLE',
  'EXTENDED STATISTICS DATA',
  'SEQUENCE OWNED BY',
  'MATERIALIZED VIEW',
  'PROCEDURAL LANGUAGE',
  'CHECK CONSTRAINT',
  'DOMAIN CONSTRAINT',
  'FK CONSTRAINT',
  'STATISTICS DATA',
  'INDEX ATTACH',
  'TABLE ATTACH',
  'ACCESS METHOD',
  'DEFAULT ACL',
  'EVENT TRIGGER',
  'FOREIGN SERVER',
  'FOREIGN TABLE',
  'BLOB COMMENTS',
  'BLOB METADATA',
  'BLOB DATA',
  'LARGE OBJECT',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'ROW SECURITY',
  'SECURITY LABEL',
  'SEQUENCE SET',
  'SHELL TYPE',
  'TABLE DATA',
  'USER MAPPING',
];

type RawEntry = Omit<TocEntry, 'schema' | 'name' | 'owner'> & { readonly rest: string };

function rawEntry(line: string): RawEntry | undefined {
  const found = /^(\d+); (\d+) (\d+) (.*)$/.exec(line);
  const [, dumpId, tableOid, oid, words = ''] = found ?? [];
  if (found === null) return undefined;
  const type = TYPES.find((one) => words.startsWith(`${one} `)) ?? words.split(' ', 1)[0] ?? '';
  return {
    dumpId: Number(dumpId),
    tableOid: Number(tableOid),
    oid: Number(oid),
    type,
    rest: words.slice(type.length + 1),
    line,
  };
}

function named(rest: string, schemas: readonly string[]): Pick<TocEntry, 'schema' | 'name' | 'owner'> {
  const schema = schemas.find((one) => rest.startsWith(`${one} `)) ?? rest.split(' ', 1)[0] ?? '';
  const after = rest.slice(schema.length + 1);
  const blank = after.lastIndexOf(' ');
  return {
    schema: schema === '-' ? null : schema,
    name: after.slice(0, blank < 0 ? undefined : blank),
    owner: blank < 0 ? '' : after.slice(blank + 1),
  };
}
