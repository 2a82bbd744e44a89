import { join } from 'node:path';
import { type Place, settingAbove } from '../shared/evidence.ts';
import type { FormatReader } from '../shared/format.ts';

const NAMES = ['ts', 'js', 'mts', 'mjs', 'cts', 'cjs', 'json'].map((ending) => `drizzle.config.${ending}`);
/** `migrations: { table: 'x', schema: 'y' }`, in a program that is read and not run. */
const MIGRATIONS = /(?<![\w.])["']?migrations["']?\s*:\s*\{([^{}]*)\}/;
const LARGEST = 256 * 1024;

/** Where the settings of drizzle-kit put the history; nothing where they do not say it in so many words. */
export async function historyIn(place: Place): Promise<Pick<FormatReader, 'history'>> {
  for (const name of NAMES) {
    const root = await settingAbove(place, name, MIGRATIONS);
    if (root === undefined) continue;
    const text = (await place.host.files.read(join(root, name), LARGEST)).toString('utf8');
    // a line that is commented out says nothing
    const [, inside = ''] = MIGRATIONS.exec(text.replace(/^\s*\/\/.*$/gm, '')) ?? [];
    const said = (key: string) =>
      new RegExp(`(?<![\\w.])["']?${key}["']?\\s*:\\s*(["'\`])([^"'\`$]+)\\1`).exec(inside)?.[2];
    const [tableName, schema] = [said('table'), said('schema')];
    if (tableName === undefined && schema === undefined) return {};
    return { history: { ...(tableName && { tableName }), ...(schema && { schema }) } };
  }
  return {};
}
