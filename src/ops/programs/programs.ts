import { join } from 'node:path';
import type { Server } from '../../db/server.ts';
import type { Host } from '../../hosts/host.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import type { Installation } from './installation.ts';
import { installed } from './installed.ts';
import { type ClientProgram, installSentence } from './package.ts';

/** What reads archives without a server. */
export interface Reader {
  /** Where it runs: the archive has to be there. */
  readonly host: Host;
  path(program: ClientProgram): string;
}

/** An installation of PostgreSQL's own programs. */
export interface Clients extends Reader {
  readonly major: number;
  /** `15.18`. */
  readonly version: string;
  readonly directory: string | undefined;
  /** Whether pg_dump compresses with zstd: from 16 on. */
  readonly zstd: boolean;
  /** Nearer to the archives where this machine has one that is new enough: then they need not be copied. */
  readonly reader: Reader;
}

export interface FoundClients {
  /** Undefined when the check blocks. */
  readonly clients: Clients | undefined;
  readonly check: Check;
}

const TITLE = 'Client programs';

/**
 * Finds the programs of the server's major version, or with `atLeast` of that later one; else the nearest newer ones,
 * with a warning. Older ones are refused by the server's dumps, and none at all block: the check says what to install.
 * The setting backup.programs names the only directory that is looked into.
 */
export async function findClients(
  context: OpContext,
  server: Pick<Server, 'major' | 'version'>,
  programs: readonly ClientProgram[],
  atLeast = 0,
): Promise<FoundClients> {
  const { host, here } = context;
  const found = await findOn(host, context, server, programs, atLeast);
  const { clients } = found;
  if (clients === undefined || host.kind === 'local' || !programs.includes('pg_restore')) return found;
  const needed = { major: clients.major, version: clients.version };
  const near = await findOn(here, context, needed, ['pg_restore']);
  return near.clients === undefined ? found : { ...found, clients: { ...clients, reader: near.clients } };
}

/** The programs of one host, as {@link findClients} finds them. */
export async function findOn(
  host: Host,
  context: OpContext,
  server: Pick<Server, 'major' | 'version'>,
  programs: readonly ClientProgram[],
  atLeast = 0,
): Promise<FoundClients> {
  // nothing is known of what is there
  if (host.closed !== undefined)
    return { clients: undefined, check: { title: TITLE, status: 'block', detail: host.closed.message } };
  const major = Math.max(server.major, atLeast);
  const seen: Installation[] = [];
  let newer: Installation | undefined;
  // the setting names a directory of where the server's programs are
  const only = host === context.host ? context.backup.programs : undefined;
  for await (const found of installed(host, { programs, major, env: context.env, only })) {
    seen.push(found);
    if (found.missing.length > 0 || found.major < major) continue;
    if (found.major === major) return { clients: clientsOf(host, found), check: okay(host, found) };
    if (newer === undefined || found.major < newer.major) newer = found;
  }
  if (newer !== undefined) return { clients: clientsOf(host, newer), check: newerCheck(host, newer, server) };
  return { clients: undefined, check: blocked(host, seen, server, programs, major, only) };
}

function clientsOf(host: Host, { directory, major, version }: Installation): Clients {
  const path = (program: ClientProgram) => join(directory, program);
  return {
    host,
    path,
    reader: { host, path },
    major,
    version,
    directory,
    zstd: major >= 16,
  };
}

/** Where it is not this machine: ` of the container db`. */
function of({ kind, label }: Host): string {
  return kind === 'local' ? '' : ` of ${label}`;
}

function okay(host: Host, { version, directory }: Installation): Check {
  return { title: TITLE, status: 'ok', detail: `PostgreSQL ${version} in ${directory}${of(host)}.` };
}

function newerCheck(host: Host, found: Installation, server: Pick<Server, 'major' | 'version'>): Check {
  return {
    title: TITLE,
    status: 'warn',
    detail:
      `Those of PostgreSQL ${found.version} in ${found.directory}${of(host)} are newer than the server (${server.version}); ` +
      `what they dump, a server of ${found.major} is sure to load. ` +
      installSentence(['pg_dump'], server.major, host),
  };
}

function blocked(
  host: Host,
  seen: readonly Installation[],
  server: Pick<Server, 'major' | 'version'>,
  programs: readonly ClientProgram[],
  major: number,
  directory: string | undefined,
): Check {
  const partial = seen.find((one) => one.major >= major);
  const [older] = seen.filter((one) => one.major < major).sort((a, b) => b.major - a.major);
  const block = (what: string, needed: readonly ClientProgram[]): Check => ({
    title: TITLE,
    status: 'block',
    detail: `${what} ${installSentence(needed, major, host)}`,
  });
  if (partial !== undefined)
    return block(
      `${partial.directory}${of(host)} has no ${partial.missing.join(', ')} of its version.`,
      partial.missing,
    );
  if (older !== undefined)
    return block(
      `Those of PostgreSQL ${older.version} in ${older.directory}${of(host)} are too old for ` +
        `${major === server.major ? `the server (${server.version})` : `this backup, which needs ${major}`}.`,
      programs,
    );
  return block(
    `${programs.join(', ')} of PostgreSQL ${major} ${programs.length > 1 ? 'were' : 'was'} not found` +
      `${directory === undefined ? '' : ` in ${directory}`}${host.kind === 'local' ? '' : ` ${host.kind === 'docker' ? 'in' : 'on'} ${host.label}`}.`,
    programs,
  );
}
