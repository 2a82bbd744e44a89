import { version } from '../../../version.ts';
import type { FileSum } from '../../archive/checksum.ts';
import type { Decoded } from '../../archive/decode.ts';
import { keyOf } from '../../archive/roots.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Manifest, ManifestTable, ManifestVolume, Verification } from '../../repository/manifest.ts';
import { archiveName } from '../dump/command.ts';
import { compressionText } from '../dump/compression.ts';
import { GLOBALS } from '../dump/globals.ts';
import type { Snapshot } from '../dump/snapshot.ts';
import type { BackupRequest } from '../request.ts';
import { rootsIn } from './compare.ts';

/** What was found out while a backup was made. */
export interface Findings {
  /** When the snapshot was taken, by this machine's clock: backups are kept and compared by it. */
  readonly createdAt: Date;
  readonly snapshot: Snapshot;
  /** Rows by oid. */
  readonly counts: ReadonlyMap<number, number>;
  readonly decoded: Pick<Decoded, 'tables'>;
  readonly files: readonly FileSum[];
  readonly volumes: readonly ManifestVolume[];
  /** Roles that the archive makes owners; undefined where it has a table of contents that says so. */
  readonly owners: ReadonlySet<string> | undefined;
  readonly verification: Verification;
}

/** The manifest of a backup that has been verified. */
export function makeManifest(
  context: Pick<OpContext, 'target'>,
  request: BackupRequest,
  ids: { readonly id: string; readonly run: string },
  { createdAt, snapshot, counts, decoded, files, volumes, owners, verification }: Findings,
): Manifest {
  const { target } = context;
  const { clients, format, compression } = request;
  const { database, selection, server, needs } = snapshot;
  const named = (kind: string) => needs.filter((one) => one.kind === kind);
  const roles = named('role').map(({ name }) => name);
  return {
    manifest: 1,
    ...ids,
    pgdeck: version,
    created_at: createdAt.toISOString(),
    label: request.label ?? null,
    safety: request.safety === true,
    server: {
      version: server.version,
      version_num: server.versionNum,
      system_identifier: snapshot.systemIdentifier,
      address: `${target.host}:${target.port}`,
      standby: server.standby,
    },
    database: {
      name: database.name,
      oid: database.oid,
      encoding: database.encoding,
      collate: database.collate,
      ctype: database.ctype,
      locale_provider: database.locale_provider,
      locale: database.locale,
      icu_rules: database.icu_rules,
      owner: database.owner,
      bytes: database.bytes,
      properties: [...snapshot.properties],
    },
    client: { program: 'pg_dump', version: clients.version },
    format,
    compress: compressionText(compression),
    scope: selection.scope,
    chosen: [...selection.chosen],
    snapshot: { lsn: database.lsn, at: database.at },
    tables: tablesOf(snapshot, counts, decoded),
    sequences: snapshot.sequences.map((one) => ({ ...one })),
    large_objects: snapshot.largeObjects,
    extensions: named('extension').map(({ name, version: v }) => ({ name, version: v ?? '' })),
    roles,
    ...(owners && { owners: roles.filter((name) => owners.has(name)) }),
    tablespaces: named('tablespace').map(({ name }) => name),
    ...(snapshot.spread.length > 0 && { spread: snapshot.spread.map((one) => ({ ...one })) }),
    // pg_dump sets transaction_timeout from 17 on, which no older server knows
    restore_min_major: clients.major >= 17 ? Math.max(17, server.major) : server.major,
    archive: archiveName(request, ids.id),
    globals: request.globals ? GLOBALS : null,
    ...(volumes.length > 0 && { volumes: volumes.map((one) => ({ ...one })) }),
    files: files.map((one) => ({ ...one })),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    verifications: [verification],
    pinned: false,
  };
}

function tablesOf(
  { selection: { defined, filled } }: Snapshot,
  counts: Findings['counts'],
  decoded: Findings['decoded'],
): ManifestTable[] {
  const copyBytes = new Map(decoded.tables.map((one) => [keyOf(one), one.copyBytes]));
  const full = new Set(filled);
  const rooted = rootsIn(filled, decoded);
  return defined.map((one) => ({
    oid: one.oid,
    schema: one.schema,
    name: one.name,
    kind: one.kind === 'm' ? 'matview' : one.partition_of === null ? 'table' : 'partition',
    rows: full.has(one) ? (counts.get(one.oid) ?? null) : null,
    ...(rooted.has(one.oid) && { root: rooted.get(one.oid) }),
    copy_bytes: full.has(one) ? (copyBytes.get(keyOf(one)) ?? null) : null,
    bytes: one.bytes,
  }));
}
