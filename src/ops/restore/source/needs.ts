import type { Session } from '../../../db/session.ts';
import type { Toc } from '../../archive/toc.ts';
import type { RestoreSource } from './source.ts';

/** What a backup needs of the server and does not bring along. */
export interface Needs {
  readonly roles: readonly string[];
  /** Those that the archive makes owners of something: what belongs to an extension it leaves to CREATE EXTENSION. */
  readonly owners: readonly string[];
  readonly extensions: readonly string[];
  readonly tablespaces: readonly string[];
  /** Roles and tablespaces are known for certain: the backup's manifest says them. */
  readonly certain: boolean;
}

/** In every database from the start. */
const BUILT_IN = new Set(['plpgsql']);

/** Whether something of the archive is given to a role. Names may have blanks, and pg_restore does not quote them. */
function owns({ entries }: Toc, role: string): boolean {
  return entries.some(({ line }) => line.endsWith(` ${role}`));
}

/** From the manifest; of a file that others made, owners and extensions from its table of contents. */
export async function needsOf({ backup, toc }: RestoreSource, session: Session): Promise<Needs> {
  const { manifest } = backup;
  const extensions = (names: readonly string[]) => names.filter((name) => !BUILT_IN.has(name));
  if (manifest !== undefined)
    return {
      roles: manifest.roles,
      owners:
        toc === undefined
          ? (manifest.owners ?? manifest.roles)
          : manifest.roles.filter((name) => owns(toc, name)),
      extensions: extensions(manifest.extensions.map(({ name }) => name)),
      tablespaces: manifest.tablespaces,
      certain: true,
    };
  if (toc === undefined) return { roles: [], owners: [], extensions: [], tablespaces: [], certain: false };
  const rows = await session.sql('SELECT rolname::text AS name FROM pg_roles');
  const known = rows.map((row) => String(row.name));
  const owners = new Set<string>();
  for (const { line, owner } of toc.entries) {
    // an owner's name may have blanks, and pg_restore does not quote it
    if (owner === '' || known.some((name) => line.endsWith(` ${name}`))) continue;
    owners.add(owner);
  }
  const all = known.filter((name) => owns(toc, name));
  const roles = [...all, ...owners].sort();
  return {
    roles,
    owners: roles,
    extensions: extensions(toc.entries.filter(({ type }) => type === 'EXTENSION').map(({ name }) => name)),
    tablespaces: [],
    certain: false,
  };
}
