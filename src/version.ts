import { readFileSync } from 'node:fs';

/** Set by the bundler; the sources read package.json instead. */
declare const PGDECK_VERSION: string | undefined;

/** The version of this program, as in package.json. */
export const version: string =
  typeof PGDECK_VERSION === 'string'
    ? PGDECK_VERSION
    : versionOfPackage(new URL('../package.json', import.meta.url));

function versionOfPackage(file: URL): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
