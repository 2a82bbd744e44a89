import { dirname, isAbsolute, join } from 'node:path';
import type { Session } from '../../db/session.ts';
import type { Setting } from '../../db/settings/list.ts';
import { bytesOf, readValue } from '../../db/settings/value.ts';
import { bytes } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { block, type Change, ok, warn } from './change.ts';
import type { Place } from './here.ts';
import { isSystem } from './scope.ts';

/** What a restart with it would run into that a server in an empty directory does not show. */
export async function startChecks(
  context: OpContext,
  session: Session,
  { name, to, scope }: Change,
  setting: Setting | undefined,
  { start, here }: Place,
): Promise<Check[]> {
  if (setting === undefined || !isSystem(scope)) return [];
  const given = to ?? setting.boot_val ?? '';
  const read = readValue(setting, given);
  const value = read.kind === 'read' ? read.value : given;
  const found: Check[] = [];
  const memory = 'unknown' in here ? undefined : here.memory;
  const size = name === 'shared_buffers' ? bytesOf(setting, value) : undefined;
  if (memory !== undefined && size !== undefined && size > memory * 0.8)
    found.push(
      (size > memory ? block : warn)(
        'Memory',
        `${bytes(size)} of shared_buffers, of ${bytes(memory)} of memory: ${size > memory ? 'the server would not start, or be ended by the kernel' : 'too little is left for sessions'}.`,
      ),
    );
  const level = name === 'wal_level' ? value : undefined;
  const needed = start.logical_slots > 0 ? 'logical' : start.slots > 0 ? 'replica' : undefined;
  if ((level === 'minimal' && needed !== undefined) || (level === 'replica' && needed === 'logical'))
    found.push(
      block(
        'Replication slots',
        `The server does not start with wal_level ${level}, as long as it has slots that need ${needed}.`,
      ),
    );
  const room: Readonly<Record<string, readonly [number, string]>> = {
    max_replication_slots: [start.slots, 'replication slots'],
    max_prepared_transactions: [start.prepared, 'prepared transactions'],
  };
  const [least, what] = room[name] ?? [Number.NEGATIVE_INFINITY, ''];
  if (Number(value) < least)
    found.push(block('Room', `The server does not start with room for fewer than its ${least} ${what}.`));
  if (name === 'log_directory' && !('unknown' in here)) {
    const directory = dirname(isAbsolute(value) ? value : join(here.data, value));
    // the server makes the last part of it only
    if (await isMissing(context.host, directory))
      found.push(
        block(
          'Directory',
          `There is no ${directory} to make it in: with logging_collector on the server would not start.`,
        ),
      );
  }
  if (AS_PRIMARY.has(name))
    found.push(...(await standbyChecks(context, session, name, value, setting, { start, here })));
  return found;
}

/** What this user may not look into is not known to be missing. */
async function isMissing({ files }: OpContext['host'], path: string): Promise<boolean> {
  return files.real(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
  );
}

/** What a standby must have as much of as its primary. */
const AS_PRIMARY = new Set([
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_wal_senders',
  'max_worker_processes',
]);

async function standbyChecks(
  { host }: OpContext,
  { server }: Session,
  name: string,
  value: string,
  setting: Setting,
  { start, here }: Place,
): Promise<Check[]> {
  if (!server.standby)
    return start.standbys > 0 && Number(value) > Number(setting.value)
      ? [
          warn(
            'Standbys',
            `Raise it on the standbys first, and restart them: one with less than its primary stops.`,
          ),
        ]
      : [];
  if (Number(value) >= Number(setting.value)) return [];
  const primary = 'unknown' in here ? undefined : await controlOf(host, here.bin, here.data, name);
  if (primary === undefined)
    return [
      warn(
        'Standby',
        `It must not be less than on the primary: a standby with less does not start. What the primary has is not known here.`,
      ),
    ];
  return Number(value) < primary
    ? [block('Standby', `The primary has ${primary}: a standby with less does not start.`)]
    : [ok('Standby', `The primary has ${primary}.`)];
}

/** What the primary has told its standbys, as it stands in the control file. */
async function controlOf(
  host: OpContext['host'],
  bin: string,
  data: string,
  name: string,
): Promise<number | undefined> {
  const label =
    name === 'max_prepared_transactions'
      ? 'max_prepared_xacts'
      : name.replace('_per_transaction', '_per_xact');
  try {
    const { stdout } = await host.run(join(bin, 'pg_controldata'), [data], {
      env: { LC_ALL: 'C' },
      timeout: 10_000,
    });
    const [, found] = new RegExp(`^${label} setting:\\s+(\\d+)$`, 'm').exec(stdout) ?? [];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
