import type { Purpose } from './session.ts';

const SETTING = 'client_connection_check_interval';
/** How often a server looks whether the client of what it works at is still there. */
const INTERVAL = '2s';
/** What is done takes long on these, or waits long for a lock. */
const LONG: ReadonlySet<Purpose> = new Set<Purpose>(['slow', 'operation', 'migration']);

/** What of a server is asked. */
interface Known {
  readonly major: number;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * The statement by which what a session works at ends with its client, also where that was killed; undefined where it
 * does so already, or the server cannot tell: before 14, and 14 elsewhere than on Linux. Without rows where the server's
 * operating system does not tell it, which would refuse the setting.
 */
export function endWithClientSql(purpose: Purpose, { major, settings }: Known): string | undefined {
  if (!LONG.has(purpose) || settings[SETTING] !== '0') return undefined;
  const systems = major === 14 ? 'linux' : 'linux|darwin|bsd';
  return `SELECT /* pgdeck */ set_config('${SETTING}', '${INTERVAL}', false) AS value WHERE version() ~* '${systems}'`;
}

/** What a server is known to be once {@link endWithClientSql} has had rows. */
export const ENDS_WITH_CLIENT: Readonly<Record<string, string>> = { [SETTING]: INTERVAL };

/** The options of libpq by which what a program works at ends with it, where that is known to be possible. */
export function endWithClientOptions({ settings }: Pick<Known, 'settings'>): readonly string[] {
  return settings[SETTING] === INTERVAL ? [`-c ${SETTING}=${INTERVAL}`] : [];
}
