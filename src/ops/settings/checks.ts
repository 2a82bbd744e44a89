import { join } from 'node:path';
import { DbError } from '../../db/errors.ts';
import { quoteIdent } from '../../db/ident.ts';
import { settingsPlace } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { type Setting, scopeText, sourceText, takesOf } from '../../db/settings/list.ts';
import { isSecret } from '../../db/settings/secret.ts';
import { bytesOf, readValue, valueText } from '../../db/settings/value.ts';
import { bytes } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { settingErrors } from './errors.ts';
import type { Place } from './here.ts';
import type { Listed } from './look.ts';
import { settingDatabase, settingRights, settingRole } from './queries/change.ts';
import { badList, isSystem, type Scope } from './scope.ts';

/** What is asked for: a value, or undefined for what holds without one. */
export interface Change {
  readonly name: string;
  readonly scope: Scope;
  readonly to: string | undefined;
}

const ok = (title: string, detail: string): Check => ({ title, status: 'ok', detail });
const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });

/** What no ALTER SYSTEM changes, though it is no property of the build. */
const FIXED = new Set(['data_directory', 'config_file', 'allow_alter_system']);

/** Whether anybody can change it there at all, and this role may. Throws OpError where there is no such role or database. */
export async function mayChange(
  session: Session,
  { name, scope }: Change,
  setting: Setting | undefined,
): Promise<Check[]> {
  const { server } = session;
  if (setting?.context === 'internal')
    return [block('Setting', `${name} is a property of the server or its build: nothing changes it.`)];
  if (!isSystem(scope)) return mayChangeFor(session, scope, name, setting);
  if (FIXED.has(name))
    return [block('Setting', `${name} is set on the command line or in postgresql.conf only, not by SQL.`)];
  const place = settingsPlace(server);
  if (place !== undefined) return [block('Service', `Settings of this server are changed ${place}.`)];
  if (setting?.from === 'command line')
    return [
      block(
        'Source',
        `${name} is set on the command line of the server, which nothing in a file overrides: change it where the server is started, and restart it.`,
      ),
    ];
  const [rights] = await session.run(settingRights, { name });
  const to = quoteIdent(server.user);
  if (rights?.may_set !== true)
    return [
      block(
        'Rights',
        server.major >= 15
          ? `${server.user} may not set it for the server: GRANT ALTER SYSTEM ON PARAMETER ${name} TO ${to}`
          : `${server.user} may not set it for the server: only superusers may.`,
      ),
    ];
  if (!rights.may_reload)
    return [
      block(
        'Rights',
        `${server.user} may not have the files read again: GRANT EXECUTE ON FUNCTION pg_reload_conf() TO ${to}`,
      ),
    ];
  return [ok('Rights', `${server.user} may set it.`)];
}

async function mayChangeFor(
  session: Session,
  { role, database }: Scope,
  name: string,
  setting: Setting | undefined,
): Promise<Check[]> {
  const { server } = session;
  if (server.standby)
    return [
      block('Server', 'This server is a standby: what is set for roles and databases is set on its primary.'),
    ];
  if (setting?.context === 'postmaster' || setting?.context === 'sighup')
    return [block('Setting', `${name} is of the whole server: it cannot be set for a role or a database.`)];
  const [base] = database === undefined ? [undefined] : await session.run(settingDatabase, { database });
  if (database !== undefined && base === undefined) throw settingErrors.noDatabase({ database });
  const [person] = role === undefined ? [undefined] : await session.run(settingRole, { role });
  if (role !== undefined && person === undefined) throw settingErrors.noRole({ role });
  const may = role === undefined ? base?.may_set : person?.may_set;
  if (may !== true)
    return [
      block(
        'Rights',
        `${server.user} may not set anything for ${role === undefined ? `the database ${database}: only its owner and superusers may` : `the role ${role}: it takes CREATEROLE, from 16 on with ADMIN on the role`}.`,
      ),
    ];
  return [ok('Rights', `${server.user} may set it.`)];
}

/** Has the server look at a value before anything is written; what it cannot be asked beforehand is said. */
export async function valueChecks(
  context: OpContext,
  session: Session,
  { name, to, scope }: Change,
  setting: Setting | undefined,
  { here }: Place,
): Promise<Check[]> {
  if (to === undefined) return [];
  const secret = isSecret(name);
  if (/[\r\n]/.test(to) && isSystem(scope)) return [block('Value', 'A value in a file has no line break.')];
  const list = badList(name, to);
  if (list !== undefined) return [block('Value', `The server would refuse it: ${list}.`)];
  const read = setting && readValue(setting, to);
  if (read?.kind === 'bad') return [block('Value', `The server would refuse it: ${read.why}.`)];
  if (setting === undefined || setting.context === 'user' || setting.context === 'superuser')
    return [await askedFor(session, name, to, secret)];
  if (!secret && !('unknown' in here)) {
    const config = here.configFile === undefined ? [] : ['-c', `config_file=${here.configFile}`];
    const args = ['-C', name, '-D', here.data, ...config, '-c', `${name}=${to}`];
    try {
      const { exitCode, stderr } = await context.host.run(join(here.bin, 'postgres'), args, {
        timeout: 10_000,
      });
      if (exitCode === 0) return [ok('Value', `postgres -C, with the files of the server, takes it.`)];
      const said = /(?:FATAL|ERROR):\s+(.*)/.exec(stderr)?.[1] ?? stderr.trim();
      return [block('Value', `The server would refuse it: ${said}.`)];
    } catch {
      // then it is said that it was not asked
    }
  }
  if (read?.kind === 'read')
    return [ok('Value', 'Its unit and range are right; the server looks again before it writes.')];
  return [
    warn(
      'Value',
      'It is not looked at beforehand: the server looks at it before it writes, and may refuse it.',
    ),
  ];
}

/** For the length of one statement, in which nothing else is done. */
async function askedFor(session: Session, name: string, value: string, secret: boolean): Promise<Check> {
  try {
    await session.sql('SELECT set_config($1, $2, true) IS NULL AS refused', [name, value]);
    return ok('Value', 'The server takes it, tried within a statement.');
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    if (error.code === '42501')
      return warn(
        'Value',
        `${session.server.user} may not try it in a session: the server looks at it before it writes.`,
      );
    return block('Value', secret ? 'The server refuses it.' : `The server refuses it: ${error.message}`);
  }
}

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
  if (AS_PRIMARY.has(name))
    found.push(...(await standbyChecks(context, session, name, value, setting, { start, here })));
  return found;
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

/** What stands in the way of what is set, or holds besides. */
export function besides(
  { scope, name }: Change,
  setting: Setting | undefined,
  { files, settings }: Listed,
): Check[] {
  if (setting === undefined || !isSystem(scope)) return [];
  const { scopes } = setting;
  const pending = new Set(
    settings.filter(({ pending_restart }) => pending_restart).map((one) => one.name.toLowerCase()),
  );
  const errors = (files ?? []).filter(
    ({ error, name: of }) => error !== null && !pending.has((of ?? '').toLowerCase()),
  );
  const unreadable = errors.find((one) => one.name === null);
  return [
    ...(unreadable === undefined
      ? []
      : [
          block(
            'Files',
            `The server reads none of its files, because of ${unreadable.sourcefile}:${unreadable.sourceline} (${unreadable.error}): mend that first.`,
          ),
        ]),
    ...(unreadable === undefined && errors.length > 0
      ? [
          warn(
            'Files',
            `The files have what the server cannot take: ${errors.map((one) => `${one.name} in ${one.sourcefile}:${one.sourceline}`).join(', ')}.`,
          ),
        ]
      : []),
    ...(scopes.length === 0
      ? []
      : [
          warn(
            'Overridden',
            `Sessions of others get their own: ${scopes
              .slice(0, 5)
              .map((one) => `${scopeText(one)} ${valueText(setting, one.value)}`)
              .join(
                ', ',
              )}${scopes.length > 5 ? ', and more' : ''}. What ${name} is for the server does not hold there.`,
          ),
        ]),
    ...(setting.from === 'file'
      ? [
          ok(
            'Source',
            `It is from ${sourceText(setting, true)} now; postgresql.auto.conf is read after it, and holds.`,
          ),
        ]
      : []),
  ];
}

/** Whether what is changed holds only after a restart. */
export function takesRestart(setting: Setting | undefined, scope: Scope): boolean {
  return setting !== undefined && isSystem(scope) && takesOf(setting) === 'restart';
}
