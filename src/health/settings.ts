import type { SettingRow } from '../db/queries/settings.ts';
import { type Server, settingsPlace } from '../db/server.ts';
import type { Remedy } from './finding.ts';

const BLOCKS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  '8kB': 8192,
  MB: 1024 ** 2,
  '16MB': 2 ** 24,
};

/** Settings by their name, as checks compare them. */
export class ServerSettings {
  readonly #rows: ReadonlyMap<string, SettingRow>;

  constructor(rows: readonly SettingRow[]) {
    this.#rows = new Map(rows.map((row) => [row.name, row]));
  }

  row(name: string): SettingRow | undefined {
    return this.#rows.get(name);
  }

  /** Where it cannot be read it is taken for a default. */
  rowOf(name: string): Pick<SettingRow, 'name' | 'source'> {
    return this.row(name) ?? { name, source: 'default' };
  }

  /** Undefined where this version has none of that name. */
  text(name: string): string | undefined {
    return this.#rows.get(name)?.value ?? undefined;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined || value === '' ? undefined : Number(value);
  }

  /** Of a setting that is a size; undefined for one that stands for another (-1). */
  bytes(name: string): number | undefined {
    const value = this.number(name);
    const unit = BLOCKS[this.row(name)?.unit ?? 'B'];
    return value === undefined || value < 0 || unit === undefined ? undefined : value * unit;
  }
}

/** Where somebody looks for what a setting is from. */
export function sourceOf({ source }: Pick<SettingRow, 'source'>): string {
  if (source === 'default') return 'It is the default.';
  if (source === 'command line')
    return 'It is set on the command line of the server: ALTER SYSTEM changes nothing about it.';
  return `It is set in: ${source}.`;
}

/** Sets a setting of the server, where the server lets anybody; `row`: as it is now. */
export function setTo(
  server: Pick<Server, 'vendor' | 'settings'>,
  row: Pick<SettingRow, 'name' | 'source'>,
  value: string,
  restart: boolean,
): Remedy {
  const { name, source } = row;
  const cost = restart ? 'Takes a restart of the server.' : 'Takes a reload; nobody is disturbed.';
  const where = settingsPlace(server);
  if (server.vendor === 'self' && source === 'command line')
    return {
      advice: `Take ${name} from the arguments that the server is started with, or make it ${value} there, and restart it.`,
    };
  if (where !== undefined) return { advice: `Set ${name} to ${value} ${where}. ${cost}` };
  const set = `ALTER SYSTEM SET ${name} = '${value}';`;
  return { sql: restart ? set : `${set}\nSELECT pg_reload_conf();`, cost };
}
