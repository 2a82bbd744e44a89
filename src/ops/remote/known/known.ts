import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RemoteSettings } from '../../../config/remote.ts';
import { diskError, readRegular } from '../../files/durable.ts';
import { replaceText } from '../../files/replace.ts';
import type { Copy } from '../copy/copy.ts';

/** Beside the backups, hidden: what was last seen of the places that copies of them are kept in. */
export const KNOWN = '.remote.json';

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time');

const knownSchema = z.object({
  /** For people: `s3://bucket/prefix`. */
  label: z.string(),
  /** When all that is there was last looked at; null where it never was. */
  looked_at: time.nullable(),
  /** Of a directory: a file in it tells that it is the one, and no empty place that nothing is mounted on. */
  marked: z.boolean(),
  /** Copies that are whole. */
  copies: z.array(
    z.object({
      id: z.string(),
      database: z.string(),
      group: z.string(),
      scope: z.string(),
      safety: z.boolean(),
      created_at: time,
      pushed_at: time,
      /** As they are stored. */
      bytes: z.int().nonnegative(),
      encrypted: z.boolean(),
    }),
  ),
  /** Recipients of which a person has confirmed that without an identity nothing can be restored. */
  agreed: z.array(z.string()),
});

/** By {@link storeKey}. */
const fileSchema = z.record(z.string(), knownSchema);

/** What is known of a place for copies without asking it. */
export type Known = z.output<typeof knownSchema>;

/** What tells a place from others, of the profile alone. */
export function storeKey(settings: RemoteSettings): string {
  if (settings.kind === 's3') {
    const { bucket, prefix, endpoint, region } = settings;
    return JSON.stringify(['s3', endpoint ?? region ?? '', bucket, prefix?.replace(/\/$/, '') ?? '']);
  }
  if (settings.kind === 'directory') return JSON.stringify(['directory', settings.path]);
  return JSON.stringify(['host', settings.runs_on, settings.path]);
}

/** What is known of a profile's place; undefined where nothing is, or where what was noted cannot be read. */
export async function knownOf(
  directory: string,
  settings: RemoteSettings | undefined,
): Promise<Known | undefined> {
  return settings === undefined ? undefined : (await readAll(directory))[storeKey(settings)];
}

/** Notes a copy that was made just now. Throws {@link OpError}. */
export async function noteCopy(
  directory: string,
  settings: RemoteSettings,
  label: string,
  copy: Copy,
): Promise<void> {
  await change(directory, settings, (known) => ({
    ...known,
    label,
    copies: [...known.copies.filter(({ id }) => id !== copy.id), seen(copy)],
  }));
}

/** Notes all that is there. Throws {@link OpError}. */
export async function noteListing(
  directory: string,
  settings: RemoteSettings,
  label: string,
  copies: readonly Copy[],
  now: Date,
): Promise<void> {
  await change(directory, settings, (known) => ({
    ...known,
    label,
    looked_at: now.toISOString(),
    copies: copies.map(seen),
  }));
}

/** Notes for whom a person has agreed to encrypt. Throws {@link OpError}. */
export async function noteAgreed(
  directory: string,
  settings: RemoteSettings,
  label: string,
  recipients: readonly string[],
): Promise<void> {
  await change(directory, settings, (known) => ({ ...known, label, agreed: [...recipients] }));
}

/** Notes that a directory has its mark. Throws {@link OpError}. */
export async function noteMarked(directory: string, settings: RemoteSettings, label: string): Promise<void> {
  await change(directory, settings, (known) => ({ ...known, label, marked: true }));
}

const seen = (copy: Copy): Known['copies'][number] => ({
  id: copy.id,
  database: copy.database,
  group: copy.group,
  scope: copy.scope,
  safety: copy.safety,
  created_at: copy.created_at,
  pushed_at: copy.pushed_at,
  bytes: copy.bytes,
  encrypted: copy.recipients !== null,
});

async function readAll(directory: string): Promise<Record<string, Known>> {
  try {
    return fileSchema.parse(JSON.parse(await readRegular(join(directory, KNOWN))));
  } catch {
    // it is only what was seen: the next look writes it anew
    return {};
  }
}

async function change(
  directory: string,
  settings: RemoteSettings,
  next: (known: Known) => Known,
): Promise<void> {
  const path = join(directory, KNOWN);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await replaceText(path, async () => {
      const all = await readAll(directory);
      const key = storeKey(settings);
      const known = all[key] ?? { label: '', looked_at: null, marked: false, copies: [], agreed: [] };
      return `${JSON.stringify({ ...all, [key]: next(known) }, undefined, 1)}\n`;
    });
  } catch (error) {
    throw diskError(error, 'writeKnown', path);
  }
}
