/** What is put into a store, read from its beginning each time it is opened. */
export interface Source {
  /** Of what is stored; undefined where only its end tells, as of what is encrypted on the way. */
  readonly bytes: number | undefined;
  /** Where only its end tells: it is no more than this. Without it nothing is known of its size. */
  readonly most?: number;
  /** Hexadecimal, where it is known before: what is read is compared with it. */
  readonly sha256: string | undefined;
  /** Its pieces are whoever's that takes them, memory and all; once the next is asked for, nobody looks at them again. */
  readonly own?: boolean;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** One whose size and sum are known before. */
export type KnownSource = Source & { readonly bytes: number; readonly sha256: string };

/** What was stored, as it left this machine. */
export interface Stored {
  readonly bytes: number;
  readonly sha256: string;
}

export interface StoreIo {
  readonly signal: AbortSignal;
  /** Told of the bytes that have gone, or come, since it was last told. */
  readonly onBytes?: (more: number) => void;
}

/** What lies in a store. */
export interface StoredObject {
  /** Within its copy, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Ms since 1970. */
  readonly modified: number;
}

/**
 * A place that copies of backups are kept in. A copy is a name with files below it; each file is there whole or not at
 * all. Every method throws {@link OpError}: `remote.unreachable`, `remote.denied` and others, by what is the matter.
 */
export interface Store {
  readonly kind: 's3' | 'directory' | 'host';
  /** For people and the journal: `s3://bucket/prefix`, `/mnt/backups`, `me@host:/backups`. */
  readonly label: string;
  /** Names of what is there, in no order; copies that are not whole among them. */
  names(io: StoreIo): Promise<string[]>;
  /** The files of one name; none where it is not there. */
  files(name: string, io: StoreIo): Promise<StoredObject[]>;
  /** A small file; undefined where there is none, or where it is larger than the limit in bytes. */
  read(name: string, path: string, limit: number, io: StoreIo): Promise<Buffer | undefined>;
  /** Stores a file over what is there of that name; whole, and compared with what its source says, or not at all. */
  put(name: string, path: string, source: Source, io: StoreIo): Promise<Stored>;
  /** What was put below a name outlives a machine that loses its power; without it, each file does once it is put. */
  settle?(name: string, io: StoreIo): Promise<void>;
  /** Whether the file is there as the source has it, as far as the store can tell without giving it; false where not. */
  has(name: string, path: string, source: Pick<Source, 'bytes' | 'sha256'>, io: StoreIo): Promise<boolean>;
  /** What the file holds, from so many bytes on; ends early where the way breaks, so its reader counts. */
  get(name: string, path: string, from: number, io: StoreIo): AsyncIterable<Uint8Array>;
  /** Removes files of one name, in the order given; what is not there is no error. */
  remove(name: string, paths: readonly string[], io: StoreIo): Promise<void>;
  /**
   * Ends what uploads that were killed have left of names that are `ours`, where they began before a time; how many there
   * were. What tells itself that it is ours is not asked for.
   */
  sweep(before: Date, ours: (name: string) => Promise<boolean>, io: StoreIo): Promise<number>;
  close(): Promise<void>;
}
