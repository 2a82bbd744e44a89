import type { Known } from '../../ops/remote/known/known.ts';
import type { Manifest, Verification } from '../../ops/repository/manifest.ts';
import { type Backup, lastProven, lastVerified } from '../../ops/repository/repository.ts';
import { isSafety } from '../../ops/repository/safety.ts';
import { cleanLine } from '../../text/clean.ts';
import { bytes, moment, plural, roughly } from '../../text/units.ts';
import { type OutputColumn, print, printTable } from '../output.ts';

/** A backup as the list has it in JSON. */
export function backupLine(backup: Backup, known?: Known) {
  const { id, path, database, createdAt, format, scope, bytes: size, status } = backup;
  return {
    ...{ id, database, created_at: createdAt.toISOString(), format, scope, bytes: size, status },
    safety: isSafety(backup),
    verified: stamp(lastVerified(backup)),
    copied: copied(backup, known),
    path,
  };
}

/** The copy that was last seen elsewhere; null where none is known. */
function copied({ id, createdAt }: Backup, known: Known | undefined): { store: string; at: string } | null {
  const copy = known?.copies.find(
    (one) => one.id === id && Date.parse(one.created_at) === createdAt.getTime(),
  );
  return known === undefined || copy === undefined ? null : { store: known.label, at: copy.pushed_at };
}

/** A backup alone in JSON: with its manifest, and when it was last restored and compared. */
export function backupObject(backup: Backup, known?: Known) {
  const { manifest, archive, kind, damage } = backup;
  return {
    ...backupLine(backup, known),
    proven: stamp(lastProven(backup)),
    damage: damage ?? [],
    ...{ archive, kind, manifest: manifest ?? null },
  };
}

function stamp(verification: Verification | undefined): { level: string; at: string } | null {
  return verification === undefined ? null : { level: verification.level, at: verification.at };
}

function proven(backup: Backup): string | undefined {
  const last = lastProven(backup);
  return last && moment(last.at);
}

function verified(backup: Backup): string | undefined {
  const last = lastVerified(backup);
  return last && `${last.level}, ${moment(last.at)}`;
}

/** The list for people; where copies of them go elsewhere, with when that was. */
export const columnsOf = (remote: boolean): readonly OutputColumn[] =>
  remote ? COLUMNS : COLUMNS.filter(({ key }) => key !== 'copied');

const COLUMNS: readonly OutputColumn[] = [
  { key: 'id', title: 'ID', whole: true },
  { key: 'database', title: 'DATABASE', spare: true },
  { key: 'createdAt', title: 'CREATED', show: (at) => moment(at as Date) },
  { key: 'format', title: 'FORMAT', spare: true },
  { key: 'scope', title: 'SCOPE', spare: true },
  { key: 'bytes', title: 'SIZE', align: 'right', show: (size) => bytes(size as number) },
  { key: 'status', title: 'STATUS' },
  { key: 'safety', title: 'SAFETY', spare: true },
  { key: 'proven', title: 'LAST PROVEN RESTORABLE', spare: true },
  { key: 'copied', title: 'COPIED' },
  { key: 'label', title: 'LABEL', spare: true },
];

/** A backup as a row of that list. */
export function backupRow(backup: Backup, known?: Known) {
  const copy = copied(backup, known);
  return {
    ...backup,
    safety: isSafety(backup) ? 'safety' : '-',
    proven: proven(backup) ?? '-',
    copied: copy === null ? '-' : moment(copy.at),
    label: backup.manifest?.label ?? '-',
  };
}

/** One backup for people. */
export async function printBackup(backup: Backup, known?: Known): Promise<void> {
  const copy = copied(backup, known);
  const { manifest } = backup;
  const facts = [
    ['id', backup.id],
    ['path', backup.path],
    ['status', backup.status],
    ['database', backup.database ?? '-'],
    ['created', moment(backup.createdAt)],
    ['format', backup.kind],
    ['size', bytes(backup.bytes)],
    ...(backup.damage ?? []).map((one) => ['damage', one]),
    ...(manifest ? manifestFacts(backup, manifest) : []),
    ...(copy === null ? [] : [['copied', `${moment(copy.at)}, to ${copy.store}`]]),
    ...(backup.status === 'foreign' ? [['note', 'not made by pgdeck: what it holds is not known']] : []),
  ];
  for (const [label = '', value = ''] of facts) print(`${label.padEnd(24)}${cleanLine(value)}`);
  if (!manifest) return;
  if (manifest.verifications.length > 0) {
    print('');
    await printTable(manifest.verifications, [
      { key: 'at', title: 'VERIFIED', show: (at) => moment(String(at)) },
      { key: 'level', title: 'LEVEL' },
      { key: 'ok', title: 'HELD' },
      { key: 'detail', title: 'FOUND' },
    ]);
  }
  if (manifest.volumes !== undefined) {
    print('');
    await printTable(manifest.volumes, [
      { key: 'name', title: 'VOLUME', show: (name) => cleanLine(String(name)) },
      { key: 'files', title: 'FILES', align: 'right' },
      { key: 'content_bytes', title: 'CONTENT', align: 'right', show: (size) => bytes(size as number) },
      { key: 'bytes', title: 'SIZE', align: 'right', show: (size) => bytes(size as number) },
      { key: 'changed', title: 'CHANGED MEANWHILE', align: 'right' },
    ]);
  }
  if (manifest.tables.length > 0) {
    print('');
    await printTable(
      manifest.tables.map((table) => ({ ...table, table: `${table.schema}.${table.name}` })),
      [
        { key: 'table', title: 'TABLE' },
        { key: 'kind', title: 'KIND' },
        { key: 'rows', title: 'ROWS', align: 'right' },
        { key: 'bytes', title: 'SIZE', align: 'right', show: (size) => bytes(size as number) },
      ],
    );
  }
}

function manifestFacts(backup: Backup, manifest: Manifest): string[][] {
  const { server, client, tables, chosen, label } = manifest;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  return [
    ['scope', chosen.length === 0 ? manifest.scope : `${manifest.scope}: ${chosen.join(', ')}`],
    ...(isSafety({ manifest })
      ? [['safety backup', 'yes: made before a change, as the way back from it']]
      : []),
    ...(label === null ? [] : [['label', label]]),
    ['server', `${server.address}, PostgreSQL ${server.version}${server.standby ? ', a standby' : ''}`],
    ['made with', `${client.program} ${client.version}, compress ${manifest.compress}`],
    ['run', manifest.run],
    [
      'holds',
      `${plural(tables.length, 'table')}, ${roughly(rows, 'row')}, ${roughly(manifest.large_objects, 'large object')}`,
    ],
    ['globals', manifest.globals ?? 'none'],
    ['restores into', `PostgreSQL ${manifest.restore_min_major} or later`],
    ['pinned', manifest.pinned ? 'yes' : 'no'],
    ['last verified', verified(backup) ?? 'never'],
    ['last proven restorable', proven(backup) ?? 'never'],
  ];
}
