import { quoteIdent } from '../../db/ident.ts';
import { settingsPlace } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import type { Setting } from '../../db/settings/list.ts';
import type { Check } from '../engine/plan.ts';
import { block, type Change, ok } from './change.ts';
import { settingErrors } from './errors.ts';
import { settingDatabase, settingRights, settingRole } from './queries/change.ts';
import { isSystem, type Scope } from './scope.ts';

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
