import { join } from 'node:path';
import type { Setting } from '../../db/settings/list.ts';
import { serverUser } from '../../hosts/cluster/binaries.ts';
import { createCluster } from '../../hosts/cluster/cluster.ts';
import type { CommandError, Host, HostFiles } from '../../hosts/host.ts';
import { local } from '../../hosts/local.ts';
import type { StepIo } from '../engine/plan.ts';
import { settingErrors } from './errors.ts';
import type { Here } from './here.ts';

/** What would be tried: the next start of the server, with this. */
export interface Tried {
  readonly name: string;
  readonly value: string;
}

/**
 * What a server beside the real one must not have of it: its files, its addresses, what reaches other machines, what is
 * archived. Whether it starts does not hang on these, but where they are what is changed.
 */
const ITS_OWN =
  /^(data_directory|config_file|hba_file|ident_file|external_pid_file|port|listen_addresses|unix_socket_.*|log_.*|logging_collector|syslog_.*|event_source|ssl.*|krb_.*|gss_.*|archive_.*|restore_command|primary_.*|recovery_.*|promote_trigger_file|synchronous_standby_names|sync_replication_slots|cluster_name|lc_.*|bonjour.*|fsync|full_page_writes|huge_pages|huge_page_size|trace_.*)$/;

/** Those of them that are not harmless to try, or of which a start elsewhere says nothing. */
const UNTRIED =
  /^(data_directory|config_file|external_pid_file|log_.*|logging_collector|archive_(command|library|cleanup_command)|restore_command|primary_.*|recovery_.*|promote_trigger_file|krb_.*|bonjour.*)$/;

/** Of these a server elsewhere would look for another file. */
const FILES = /^(hba_file|ident_file|ssl_(cert|key|ca|crl|dh_params)_file|ssl_crl_dir)$/;

/** Whether a start of a throwaway server tells anything of a setting. */
export function isTriable(name: string): boolean {
  return !UNTRIED.test(name);
}

/** The settings of the next start of the server, as far as a server beside it may have them. */
export function trialSettings(
  settings: readonly Setting[],
  { data }: Pick<Here, 'data'>,
  tried?: Tried,
): Record<string, string> {
  const wanted = (name: string) =>
    !ITS_OWN.test(name) ||
    (tried?.name.startsWith('ssl') && name.startsWith('ssl')) ||
    name === 'archive_mode';
  const known = settings.flatMap(
    ({ name, context, from, value, waiting, unit, vartype }): [string, string][] => {
      // what sessions may set keeps no server from starting
      if ((context !== 'postmaster' && context !== 'sighup') || !wanted(name)) return [];
      if (waiting !== undefined) return waiting === null ? [] : [[name, waiting]];
      if (value === null || from === 'default' || from === 'server' || from === 'not known') return [];
      return [
        [
          name,
          vartype !== 'string' && /^[A-Za-z]+$/.test(unit ?? '') && Number(value) > 0
            ? `${value}${unit}`
            : value,
        ],
      ];
    },
  );
  const all = Object.fromEntries([
    ...known,
    // the pages that the running server holds are not there for another one
    ['huge_pages', 'off'],
    ['archive_command', ''],
    ...(tried === undefined ? [] : [[tried.name, tried.value] as [string, string]]),
  ]);
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      name,
      FILES.test(name) && value !== '' && !value.startsWith('/') ? join(data, value) : value,
    ]),
  );
}

/** Why a start says nothing here: another user cannot read the server's keys. */
export async function untriable(host: Host, { pid }: Here, { name }: Tried): Promise<string | undefined> {
  if (host.kind !== 'local')
    return `a throwaway server is started on this machine only, and this one runs in ${host.label}`;
  if (!isTriable(name)) return `what ${name} does is not seen in a start elsewhere`;
  if (!FILES.test(name) && !name.startsWith('ssl')) return undefined;
  const user = await serverUser();
  const [owner, own] = await Promise.all([userOf(host.files, pid), user?.uid ?? userOf(host.files, 'self')]);
  return owner !== undefined && owner === own ? undefined : 'the files of the server are of another user';
}

async function userOf(files: HostFiles, pid: number | 'self'): Promise<number | undefined> {
  const status = await files.read(`/proc/${pid}/status`, 65_536).catch(() => undefined);
  const [, uid] = /^Uid:\s+(\d+)/m.exec(status?.toString('utf8') ?? '') ?? [];
  return uid === undefined ? undefined : Number(uid);
}

/**
 * Starts a server of its own in an empty directory with the settings of the next start and the change, and removes it.
 * Throws {@link OpError} where it does not start.
 */
export async function tryStart(
  io: StepIo,
  here: Here,
  settings: readonly Setting[],
  tried: Tried,
): Promise<void> {
  const failure = await startWith(io, here, trialSettings(settings, here, tried), tried);
  if (failure === undefined) return;
  // what it fails by may have been so before
  const before = await startWith(io, here, trialSettings(settings, here), undefined);
  if (before !== undefined) throw settingErrors.noTrial({ said: before });
  throw settingErrors.noStart({ said: failure });
}

async function startWith(
  io: StepIo,
  { bin }: Here,
  settings: Record<string, string>,
  tried: Tried | undefined,
): Promise<string | undefined> {
  try {
    const cluster = await createCluster({ bin, socketOnly: true, settings });
    try {
      if (tried === undefined) return undefined;
      const log = (await local.files.read(cluster.logFile, 1024 ** 2)).toString('utf8');
      // one address of several that cannot be had keeps no server from starting
      for (const line of log.split('\n').filter((one) => /could not (create|bind|load|translate)/.test(one)))
        io.line(`The throwaway server has said: ${line}`);
      return undefined;
    } finally {
      await cluster.remove();
    }
  } catch (error) {
    if (io.signal.aborted) throw error;
    const { message, stderr = '' } = error as Partial<CommandError>;
    // hints follow the reason, and name errors, too
    const reasons = [...stderr.matchAll(/(?:FATAL|PANIC):\s+(.*)/g)];
    return (reasons.at(-1)?.[1] ?? message ?? '')
      .replace(/^The server did not start: /, '')
      .replace(/\.$/, '');
  }
}
