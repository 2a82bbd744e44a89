import type { AnyOperation, Danger } from './operation.ts';

/** What rows of a screen can be for an operation: the field of its form that takes their names. */
export type RowField = 'table' | 'index';

/** What is known of an operation before its declaration is loaded: enough for help, palette and reference. */
export interface Entry {
  /** The command's words, and the operation's id. */
  readonly id: string;
  /** For the palette and the wizard's title: `Back up databases`. */
  readonly title: string;
  /** One line for the help. */
  readonly summary: string;
  /** The most it asks for. */
  readonly danger: Danger;
  /** It changes the server: absent in read-only mode. */
  readonly writes: boolean;
  /** The key that opens its wizard in the console. */
  readonly key?: string;
  /** The key opens it only where the rows are of this kind; elsewhere the operation that shares the key. */
  readonly keyOn?: RowField;
  /** Fields of its form that rows of a screen fill in. */
  readonly takes?: readonly RowField[];
  readonly load: () => Promise<AnyOperation>;
}

/** Finds the entry of an id; undefined when there is none. The registry, which knows every family, gives it. */
export type FindEntry = (id: string) => Entry | undefined;
