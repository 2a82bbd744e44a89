import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checksumTree } from '../../../src/ops/archive/checksum.ts';
import { readHead } from '../../../src/ops/archive/kind.ts';
import { formatOf } from '../../../src/ops/repository/foreign.ts';
import { type Manifest, manifestSchema } from '../../../src/ops/repository/manifest.ts';
import { backupId } from '../../../src/ops/repository/names.ts';
import { type PartialBackup, partialDirectory, publish } from '../../../src/ops/repository/publish.ts';

/** A manifest of a small backup, with parts of its own. */
export function manifestOf(partial: Pick<PartialBackup, 'id'>, more: Partial<Manifest> = {}): Manifest {
  return manifestSchema.parse({
    manifest: 1,
    id: partial.id,
    run: 'run',
    pgdeck: '0',
    created_at: new Date().toISOString(),
    label: null,
    server: { version: '15.1', version_num: 150001, system_identifier: '1', address: 'h:1', standby: false },
    database: {
      ...{
        name: 'shop',
        oid: 1,
        encoding: 'UTF8',
        collate: 'C',
        ctype: 'C',
        locale_provider: 'c',
        locale: null,
      },
      ...{ icu_rules: null, owner: 'postgres', bytes: 1, properties: [] },
    },
    client: { program: 'pg_dump', version: '15.1' },
    format: 'custom',
    compress: '1',
    scope: 'full',
    chosen: [],
    snapshot: { lsn: null, at: new Date().toISOString() },
    tables: [],
    sequences: [],
    large_objects: 0,
    extensions: [],
    roles: [],
    tablespaces: [],
    restore_min_major: 15,
    archive: 'x.dump',
    globals: null,
    files: [],
    bytes: 0,
    verifications: [],
    pinned: false,
    ...more,
  });
}

/** Publishes a copy of an archive as a backup of pgdeck's; returns its directory. */
export async function publishCopy(
  repository: string,
  archive: string,
  more: Partial<Manifest> = {},
  now = new Date(),
): Promise<string> {
  const database = more.database?.name ?? 'shop';
  const partial = await partialDirectory(repository, backupId(database, now), 'run');
  const name = basename(archive);
  await cp(archive, join(partial.path, name), { recursive: true });
  const files = await checksumTree(partial.path);
  return publish(
    partial,
    manifestOf(partial, {
      created_at: now.toISOString(),
      format: formatOf((await readHead(archive)).kind),
      archive: name,
      files,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      ...more,
    }),
  );
}

/** Tables of a manifest by `schema.name`, with their rows. */
export function tablesOf(counts: Iterable<readonly [string, number]>): Manifest['tables'] {
  return [...counts].map(([full, rows], at) => ({
    ...{ oid: at + 1, copy_bytes: null, bytes: 8192, rows },
    schema: full.slice(0, full.indexOf('.')),
    name: full.slice(full.indexOf('.') + 1),
    kind: full === 'app.sales' ? 'matview' : 'table',
  }));
}
