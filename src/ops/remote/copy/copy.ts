import { createHash } from 'node:crypto';
import { z } from 'zod';
import { inside, size, time } from '../../repository/manifest.ts';
import { textSource } from '../store/read.ts';
import type { Store, StoreIo } from '../store/store.ts';

/** Written last: a name without one is no copy, and nobody lists it as one. */
export const COPY = 'copy.json';
/**
 * Written first, and removed last: a name without one is not ours, however little of a copy it has, and stays. Others may
 * keep what they like in the same bucket or on the same disk.
 */
export const BEGUN = '.pgdeck-begun';
const BEGUN_TEXT = 'pgdeck has begun a copy of a backup here; it is whole once copy.json is here.\n';
/** What is encrypted ends so. */
export const SEALED = '.age';

/** Of one for a directory archive of 100,000 tables. */
const LIMIT = 64 << 20;

/** Of a manifest within a copy, too. */
export const MANIFEST_LIMIT = LIMIT;

const sum = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What a copy is, as far as anybody may know who sees the store: of what is encrypted only names of files, sizes and
 * sums. All else stands in the backup's own manifest, which is one of the files.
 */
const copyShape = z.object({
  copy: z.literal(1),
  /** Of the backup. */
  id: z.string().regex(/^[^/\0.][^/\0]*$/),
  pushed_at: time,
  pgdeck: z.string(),
  created_at: time,
  database: z.string(),
  scope: z.string(),
  /** Backups of one group replace each other. */
  group: z.string(),
  safety: z.boolean(),
  pinned: z.boolean(),
  /** A verification of it held, and none stood against it, when it was copied. */
  good: z.boolean(),
  /** For whom it is encrypted; null where it is not. */
  recipients: z.array(z.string()).nullable(),
  /** Of all files, as they are stored. */
  bytes: size,
  /** The manifest is among them. */
  files: z.array(
    z.object({
      path: inside,
      /** As it is stored. */
      bytes: size,
      sha256: sum,
      /** As it was, and will be. */
      plain: z.object({ bytes: size, sha256: sum }),
    }),
  ),
});

export const copySchema = copyShape.refine(
  ({ recipients, files }) =>
    recipients !== null ||
    files.every(({ bytes, sha256, plain }) => bytes === plain.bytes && sha256 === plain.sha256),
  'what is not encrypted is stored as it was',
);

export type Copy = z.output<typeof copySchema>;
export type CopyFile = Copy['files'][number];

/** Where a file of a copy lies. */
export const storedPath = ({ recipients }: Pick<Copy, 'recipients'>, path: string): string =>
  recipients === null ? path : `${path}${SEALED}`;

/** A name in a store: a copy, or what an interrupted one has left. */
export interface Found {
  readonly id: string;
  /** Undefined where it is not whole. */
  readonly copy: Copy | undefined;
  /** Why it is none, though it has what makes it one. */
  readonly unreadable?: true;
  /** No copy was ever begun there: it is somebody else's. */
  readonly foreign?: true;
}

/** Names that are looked into at the same time. */
const AT_ONCE = 8;

/** Everything that is in a store, newest first; what is not whole comes last. Throws {@link OpError}. */
export async function findCopies(store: Store, io: StoreIo): Promise<Found[]> {
  const names = await store.names(io);
  const found: Found[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE)
    found.push(
      ...(await Promise.all(names.slice(at, at + AT_ONCE).map((name) => readCopy(store, name, io)))),
    );
  const at = ({ copy }: Found) => (copy === undefined ? 0 : Date.parse(copy.created_at));
  return found.sort((a, b) => at(b) - at(a) || (a.id < b.id ? -1 : 1));
}

/** What makes a copy one, as it is stored: with a sum of all the rest. */
export function copyText(copy: Copy): string {
  return `${JSON.stringify({ ...copy, sum: sumOf(copy) }, undefined, 1)}\n`;
}

/** Says of a name that it is ours, and that somebody is at it now. Throws {@link OpError}. */
export async function begin(store: Store, name: string, io: StoreIo): Promise<void> {
  await store.put(name, BEGUN, textSource(BEGUN_TEXT), io);
}

/** Storage that alters a byte may alter one of these, too: which database it is, or that it is pinned. */
const sumOf = (copy: object) => createHash('sha256').update(JSON.stringify(copy)).digest('hex');

/** One name of a store. Throws {@link OpError}. */
export async function readCopy(store: Store, name: string, io: StoreIo): Promise<Found> {
  const bytes = await store.read(name, COPY, LIMIT, io);
  if (bytes === undefined) {
    const begun = await store.read(name, BEGUN, LIMIT, io);
    return { id: name, copy: undefined, ...(begun === undefined && { foreign: true }) };
  }
  try {
    const { sum: written, ...read } = JSON.parse(bytes.toString());
    const copy = copySchema.parse(read);
    // whatever was renamed there by hand: its own name is what others know it by
    if (copy.id === name && written === sumOf(read)) return { id: name, copy };
    return { id: name, copy: undefined, unreadable: true };
  } catch {
    return { id: name, copy: undefined, unreadable: true };
  }
}
