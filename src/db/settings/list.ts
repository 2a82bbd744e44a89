import type { FileRow, ListedRow, ScopeRow } from '../queries/settings/listed.ts';
import { readValue } from './value.ts';

/** Where the server has a value from. */
export type SourceKind =
  | 'default'
  | 'file'
  /** postgresql.auto.conf, which ALTER SYSTEM writes. */
  | 'alter system'
  | 'command line'
  | 'environment'
  /** The server has worked it out, or was built so. */
  | 'server'
  /** Behind a value of this session's role or database, in files that this role may not read. */
  | 'not known';

/** A setting as the server has it, with what stands in its way. */
export interface Setting extends Omit<ListedRow, 'source'> {
  readonly from: SourceKind;
  /** What the files say for the next start, where that is another value; null: the default. */
  readonly waiting: string | null | undefined;
  /** Lines that a later one makes void. */
  readonly overridden: readonly FileRow[];
  /** Lines that the server cannot take. */
  readonly wrong: readonly FileRow[];
  /** What is set of it for roles and databases. */
  readonly scopes: readonly ScopeRow[];
}

/** Values that are one session's own: pgdeck's, or those of its role and database. */
const OWN = new Set(['client', 'session', 'interactive', 'database', 'user', 'database user', 'global']);

const KINDS: Readonly<Record<string, SourceKind>> = {
  default: 'default',
  'command line': 'command line',
  'environment variable': 'environment',
  override: 'server',
};

const AUTO = /(^|[\\/])postgresql\.auto\.conf$/;

/** Whether a file is the one that ALTER SYSTEM writes. */
export function isAutoConf(file: string | null): boolean {
  return AUTO.test(file ?? '');
}

/** Every setting as the server has it: what this session has for itself is left out. `files`: undefined where unread. */
export function listSettings(
  rows: readonly ListedRow[],
  files: readonly FileRow[] | undefined,
  scopes: readonly ScopeRow[],
): readonly Setting[] {
  const lines = Map.groupBy(files ?? [], ({ name }) => (name ?? '').toLowerCase());
  const set = Map.groupBy(scopes, ({ name }) => name.toLowerCase());
  return rows.map((row) => {
    const name = row.name.toLowerCase();
    return settingOf(row, files && (lines.get(name) ?? []), set.get(name) ?? []);
  });
}

function settingOf(
  { source, ...row }: ListedRow,
  lines: readonly FileRow[] | undefined,
  scopes: readonly ScopeRow[],
): Setting {
  const last = lines?.at(-1);
  const holds = lines?.findLast(({ applied }) => applied);
  const rest = {
    // what a restart is waited for is no error: the server says the same of it
    waiting: row.pending_restart && lines ? (last?.value ?? null) : undefined,
    overridden: (lines ?? []).filter((line) => !line.applied && line.error === null),
    wrong: (lines ?? []).filter((line) => line.error !== null && !(row.pending_restart && line === last)),
    scopes,
  };
  if (!OWN.has(source)) return { ...row, ...rest, from: fromOf(source, row.sourcefile) };
  if (lines === undefined)
    return { ...row, ...rest, value: null, from: 'not known', sourcefile: null, sourceline: null };
  if (holds === undefined)
    return { ...row, ...rest, value: row.boot_val, from: 'default', sourcefile: null, sourceline: null };
  const { sourcefile, sourceline } = holds;
  const read = readValue(row, holds.value ?? '');
  const value = read.kind === 'read' ? read.value : holds.value;
  return { ...row, ...rest, value, sourcefile, sourceline, from: fromOf('configuration file', sourcefile) };
}

function fromOf(source: string, file: string | null): SourceKind {
  if (source === 'configuration file') return isAutoConf(file) ? 'alter system' : 'file';
  return KINDS[source] ?? 'server';
}

/** Whether somebody has given it another value than it begins with. */
export function isChanged({
  name,
  from,
  value,
  boot_val,
  context,
  pending_restart,
  wrong,
  scopes,
}: Setting): boolean {
  if (pending_restart || wrong.length > 0 || scopes.length > 0) return true;
  if (context === 'internal' || from === 'default' || from === 'server' || from === 'not known') return false;
  // of the one, files and the server have their letters in different ways
  if (name === 'DateStyle') return value?.toUpperCase() !== boot_val;
  return value !== boot_val;
}

/** Where somebody looks for it, in a few words: `postgresql.conf:65`. */
export function sourceText({ from, sourcefile, sourceline }: Setting, whole = false): string {
  if (from !== 'file') return SOURCE_WORDS[from];
  if (sourcefile === null) return 'configuration file';
  return `${whole ? sourcefile : (sourcefile.split(/[\\/]/).at(-1) ?? sourcefile)}:${sourceline}`;
}

const SOURCE_WORDS: Readonly<Record<Exclude<SourceKind, 'file'>, string>> = {
  default: 'default',
  'alter system': 'ALTER SYSTEM',
  'command line': 'command line',
  environment: 'environment',
  server: 'the server itself',
  'not known': 'not known',
};

/** What it takes until a change holds. */
export type Takes = 'restart' | 'reload' | 'new session' | 'nothing changes it';

/** What a change of a setting takes, by its context. */
export function takesOf({ context }: Pick<ListedRow, 'context'>): Takes {
  if (context === 'internal') return 'nothing changes it';
  if (context === 'postmaster') return 'restart';
  return context === 'backend' || context === 'superuser-backend' ? 'new session' : 'reload';
}

/** Whose a value of pg_db_role_setting is. */
export function scopeText({ role, database }: Pick<ScopeRow, 'role' | 'database'>): string {
  if (role === null) return database === null ? 'every role' : `database ${database}`;
  return `role ${role}${database === null ? '' : ` in ${database}`}`;
}
