import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { shellWord } from '../text/shell.ts';
import { faultLine, readJson } from './json-read.ts';
import { type Env, home } from './libpq/env.ts';
import { type NotifySettings, secretsIn } from './notify.ts';
import { NO_SETTINGS, type Settings, settingsSchema } from './settings.ts';
import { UsageError } from './usage-error.ts';

/** The settings file: --config, else PGDECK_CONFIG, else where the platform keeps such files. */
export function settingsPath(env: Env, flag?: string): string {
  return namedSettings(env, flag) ?? join(settingsDirectory(env), 'pgdeck', 'config.json');
}

/** The settings file that was named; undefined where the usual one is meant. */
export function namedSettings(env: Env, flag?: string): string | undefined {
  const given = flag ?? env.PGDECK_CONFIG;
  return given ? resolve(given) : undefined;
}

function settingsDirectory(env: Env): string {
  if (env.XDG_CONFIG_HOME) return env.XDG_CONFIG_HOME;
  if (process.platform === 'win32') return env.APPDATA ?? join(home(env), 'AppData', 'Roaming');
  return join(home(env), '.config');
}

/**
 * Reads and checks the settings; a file that is absent has none, unless it `mustExist`. Never writes.
 *
 * Throws {@link UsageError} with one `file:line:column: field …` line for every fault.
 */
export function readSettings(file: string, mustExist = false): Settings {
  let text: string;
  let mode: number;
  try {
    ({ text, mode } = contentOf(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !mustExist) return NO_SETTINGS;
    if (code === 'ENOENT')
      throw new UsageError(
        `There is no settings file ${file}.`,
        'Correct --config or PGDECK_CONFIG; pgdeck profile add makes a new one.',
      );
    throw new UsageError(
      `The settings file ${file} cannot be read (${code ?? 'unknown error'}).`,
      'Fix that, or name another one with --config FILE.',
    );
  }
  if (text.trim() === '') return NO_SETTINGS;
  const read = readJson(file, text, settingsSchema);
  if ('faults' in read) throw new UsageError(read.faults.join('\n'), CORRECT);
  keepSecret(file, mode, read.value);
  return read.value;
}

/** One `file:line:column: field …` line for what is wrong in a settings file that was read. Never throws. */
export function settingsFault(file: string, path: readonly PropertyKey[], what: string): string {
  let text = '';
  try {
    ({ text } = contentOf(file));
  } catch {
    // it has gone since: the field is named all the same
  }
  return faultLine(file, text, path, what);
}

/** Text and permissions of one file: of what is opened, for the name may lead to another one a moment later. */
function contentOf(file: string): { text: string; mode: number } {
  const opened = openSync(file, 'r');
  try {
    return { text: readFileSync(opened, 'utf8').replace(/^\ufeff/, ''), mode: fstatSync(opened).mode };
  } finally {
    closeSync(opened);
  }
}

/** What others may read is no secret, so it is not used: as ssh does with its keys. */
function keepSecret(file: string, mode: number, { notify, profiles }: Settings): void {
  const open = mode & 0o077;
  if (open === 0 || process.platform === 'win32') return;
  const places: [string, NotifySettings | undefined][] = [
    ['notify', notify],
    ...Object.entries(profiles).map(([name, profile]): [string, NotifySettings | undefined] => [
      `profiles.${name}.notify`,
      profile.notify,
    ]),
  ];
  const [secret] = places.flatMap(([path, one]) => secretsIn(one ?? {}).map((name) => `${path}.${name}`));
  if (secret === undefined) return;
  throw new UsageError(
    `The settings file ${file} holds a secret (${secret}), and others may read it (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    `Run: chmod 600 ${shellWord(file)}`,
  );
}

const CORRECT = 'Correct the file; nothing was changed in it.';

/**
 * Reads the settings, changes them, checks the outcome and writes it: whole or not at all, readable by its
 * owner only. The check refuses every field that the schema does not have, so no password can get in.
 */
export async function changeSettings(
  file: string,
  change: (settings: Settings) => Settings,
): Promise<Settings> {
  const changed = settingsSchema.parse(change(readSettings(file)));
  // conf brings a JSON schema compiler: loaded only by the commands that write
  const { default: Conf } = await import('conf');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const extension = extname(file);
  const store = new Conf<Settings>({
    projectName: 'pgdeck',
    projectSuffix: '',
    cwd: dirname(file),
    configName: basename(file, extension),
    fileExtension: extension.slice(1),
    configFileMode: 0o600,
    clearInvalidConfig: false,
    accessPropertiesByDotNotation: false,
  });
  store.store = changed;
  return changed;
}
