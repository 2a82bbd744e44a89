import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupScope, Manifest } from '../../../../src/ops/repository/manifest.ts';

const DAY = 86_400_000;

/** Puts a small backup of a database into a repository, so many days old; whole and verified unless it is said. */
export function putBackup(
  repository: string,
  id: string,
  {
    database = 'shop',
    days = 0,
    scope = 'full' as BackupScope,
    good = true,
    pinned = false,
    /** null: its manifest does not say, as older ones do not. */
    safety = false as boolean | null,
    label = null as string | null,
    now = new Date(),
  },
): void {
  const folder = join(repository, id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'a.dump'), 'PGDMP');
  const at = new Date(now.getTime() - days * DAY).toISOString();
  const manifest: Manifest = {
    manifest: 1,
    id,
    run: 'run',
    pgdeck: '0',
    created_at: at,
    label,
    ...(safety !== null && { safety }),
    server: { version: '15.1', version_num: 150_001, system_identifier: '1', address: 'h:1', standby: false },
    database: {
      ...{ name: database, oid: 1, encoding: 'UTF8', collate: 'C', ctype: 'C', locale_provider: 'c' },
      ...{ locale: null, icu_rules: null, owner: 'postgres', bytes: 1, properties: [] },
    },
    client: { program: 'pg_dump', version: '15.1' },
    format: 'custom',
    compress: 'gzip:1',
    scope,
    chosen: [],
    snapshot: { lsn: null, at },
    tables: [],
    sequences: [],
    large_objects: 0,
    extensions: [],
    roles: [],
    tablespaces: [],
    restore_min_major: 15,
    archive: 'a.dump',
    globals: null,
    files: [{ path: 'a.dump', bytes: 5, sha256: '' }],
    bytes: 5,
    verifications: good ? [{ level: 'counts', at, ok: true, detail: 'whole' }] : [],
    pinned,
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
