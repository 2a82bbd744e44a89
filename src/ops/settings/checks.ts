import { join } from 'node:path';
import { DbError } from '../../db/errors.ts';
import { quoteLiteral } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { type Setting, scopeText, sourceText } from '../../db/settings/list.ts';
import { isSecret } from '../../db/settings/secret.ts';
import { readValue, valueText } from '../../db/settings/value.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { block, type Change, ok, warn } from './change.ts';
import type { Place } from './here.ts';
import { type Listed, withPlain } from './look.ts';
import { badList, elementsOf, isSystem } from './scope.ts';

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
  const unloaded = setting === undefined && isSystem(scope) && name.includes('.');
  if (unloaded && session.server.major < 17)
    return [
      block(
        'Setting',
        `No loaded library has ${name}, and before 17 ALTER SYSTEM takes no such name. Load its library for all sessions first (session_preload_libraries, or shared_preload_libraries and a restart), or set it with --role or --database.`,
      ),
    ];
  if (/[\r\n]/.test(to) && isSystem(scope)) return [block('Value', 'A value in a file has no line break.')];
  const list = badList(name, to);
  if (list !== undefined) return [block('Value', `The server would refuse it: ${list}.`)];
  const read = setting && readValue(setting, to);
  if (read?.kind === 'bad') return [block('Value', `The server would refuse it: ${read.why}.`)];
  // a secret that nothing looks at is not sent before it is confirmed: the log may keep what is sent
  if (setting === undefined && secret) return [warn('Value', UNSEEN)];
  if (setting === undefined || setting.context === 'user' || setting.context === 'superuser') {
    const asked = await askedFor(session, name, to, secret);
    if (asked.status === 'block') return [asked];
    return unloaded ? [warn('Value', UNKNOWN)] : [asked, ...(await libraryChecks(context, name, to))];
  }
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
  return [warn('Value', UNSEEN)];
}

const UNSEEN = 'It is not looked at beforehand: the server looks at it before it writes, and may refuse it.';

/** Of a name with a dot the server takes anything, as long as no library says what it is. */
const UNKNOWN =
  'No loaded library has a setting of this name: neither that nor the value is looked at before one is loaded that has it.';

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

/** Where the server looks for the libraries that each session loads as it begins: a name without a directory. */
const LIBRARIES: Readonly<Record<string, string>> = {
  session_preload_libraries: '',
  local_preload_libraries: '$libdir/plugins/',
};

/** A library that cannot be loaded keeps every session from beginning, also the one that would take it back. */
async function libraryChecks(context: OpContext, name: string, value: string): Promise<Check[]> {
  const directory = LIBRARIES[name];
  const libraries = elementsOf(name, value) ?? [];
  if (directory === undefined || libraries.length === 0) return [];
  const title = 'Libraries';
  try {
    // in a session that ends: what is loaded stays
    await withPlain(context, async (session) => {
      for (const library of libraries)
        await session.sql(`LOAD ${quoteLiteral(library.includes('/') ? library : directory + library)}`);
    });
    return [ok(title, 'A session can load it: tried in one.')];
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    if (error.code !== '42501') return [block(title, `No session could begin with it: ${error.message}`)];
    return [
      warn(
        title,
        'Whether a session can load it is not tried, for lack of rights: with a wrong one none begins.',
      ),
    ];
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
