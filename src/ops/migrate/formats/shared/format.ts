import type { Place } from './evidence.ts';
import type { LedgerTool } from './ledger.ts';

/**
 * A tool's way of writing migrations: all that is said of it. Its folder and its line in {@link file://../formats.ts}
 * are what a format is made of.
 */
export interface Format<Name extends string = string> {
  /** As `--format` and `--tool` take it. */
  readonly name: Name;
  readonly title: string;
  /** How its files are named and marked, for the manual. */
  readonly files: string;
  /** What pgdeck cannot do with them, or does otherwise than the tool, for the manual. */
  readonly limits?: string;
  /** Directories of a project that they are usually in, besides those of every tool. */
  readonly usual?: readonly string[];
  readonly reader: FormatReader;
  /**
   * The same, with what other files of the directory say; a sentence where they cannot be read. Undefined where nothing
   * of this format is in it.
   */
  readerIn?(place: Place): Promise<FormatReader | string | undefined>;
  /** How its tool keeps its history. */
  readonly ledger: LedgerTool;
  /** Formats whose tool may keep the history of such files, too. */
  readonly kin?: readonly string[];
  /**
   * Why files that could be of several formats are of this one: `sqlx in Cargo.toml of /srv/shop`. Absent where the
   * files alone say it.
   */
  evidence?(place: Place): Promise<string | undefined>;
  /** Without that evidence files cannot be of this format. */
  readonly onlyWithEvidence?: true;
  /** How a migration is begun; a sentence with the tool's own command where only the tool can. */
  readonly begin: Begin | string;
}

/** How the files of a new migration are named and what is in them. */
export interface Begin {
  /** Digits of the first version of a tool that counts; a timestamp of so many digits for the others, or with dashes. */
  readonly first: { readonly counted: number } | { readonly stamp: 13 | 14 } | { readonly dashed: true };
  /** Stands before the version. */
  readonly prefix?: string;
  /** Between version and name, where it is always the same. */
  readonly separator?: string;
  /** The part of a file's path that begins with its version. */
  stem(file: string): string;
  /** `there`: those that are there, in their order. */
  files(stem: string, there: readonly string[]): readonly NewFile[];
}

/** A file to be made. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/** A descriptor; its name is kept as a type. */
export const defineFormat = <const Name extends string>(format: Format<Name>): Format<Name> => format;

/** One direction as a format's file has it. */
export interface DirectionText {
  readonly sql: string;
  /** Line of its first character in the file, from 1. */
  readonly line: number;
  /** Why it is not run in a transaction, where the file says so. */
  readonly alone?: string;
}

/** What a file name says. */
export interface FileName {
  readonly version: string;
  readonly name: string;
  /** Which way the file goes; `both`: its sections say. */
  readonly direction: 'up' | 'down' | 'both';
  readonly kind?: 'repeatable' | 'baseline';
  /** See {@link Migration.key}. */
  readonly key?: string;
}

export type Parts =
  | { readonly ok: true; readonly up?: DirectionText; readonly down?: DirectionText }
  /** `error` begins with the line and a colon where there is one. */
  | { readonly ok: false; readonly error: string };

/** How a tool writes its files down. */
export interface FormatReader {
  /** It takes a migration back that has no way down: nothing is run, and its row goes. */
  readonly withoutDown?: true;
  /** Where settings of the project put the history, where that is another place than usual. */
  readonly history?: { readonly schema?: string | undefined; readonly tableName?: string | undefined };
  /** It looks into directories below, too; a file is then its path. */
  readonly below?: true;
  /** The tool holds a version as a bigint. */
  readonly bigint?: true;
  /** What is wrong with a file whose name it does not take; a part of a sentence. */
  readonly stranger?: string;
  /** A file without a mark is a way up, whole. */
  readonly unmarked?: true;
  /** A file beside that says that a migration is not run in a transaction. */
  readonly settings?: { of(file: string): string; readonly pattern: RegExp; readonly says: string };
  /** Undefined when the tool would not take the file for a migration. */
  fileName(file: string): FileName | undefined;
  /** The file can only be of this format, by its name or its text. */
  claims(file: string, text: string): boolean;
  parts(text: string, name: FileName): Parts;
  /** The tool's own sums of a file, its byte order mark included: see {@link Migration.sums}. */
  sums?(text: string): readonly string[];
  /** A version that it could have written, so that it has a place in the order. */
  isVersion?(version: string): boolean;
  /** Order of application. */
  compare(a: Placed, b: Placed): number;
}

export interface Placed {
  readonly version: string;
  readonly file: string;
}
