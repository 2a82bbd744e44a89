import type { FileHandle } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { CommandError, HostKind } from '../host.ts';

/** How a client program (docker, ssh) ended that should have carried a command. */
export interface ClientEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** What it and the program there wrote to stderr. */
  readonly stderr: string;
  /** What came on its standard output although no shell began there: docker writes there why (20.10). */
  readonly stdout: string;
}

/** The client of a way, while it carries one command. */
export interface Client {
  /** It takes nothing where a file is its input. */
  readonly stdin: Writable;
  readonly stderr: Readable;
  /** Undefined where it goes to a file. */
  readonly stdout: Readable | undefined;
  /** What goes to a file, part by part, where it is seen on its way; each is overwritten after the next. */
  readonly written?: AsyncIterable<Buffer>;
  /** Fulfilled when it has ended and all it wrote is read; never rejected. */
  readonly closed: Promise<Pick<ClientEnd, 'exitCode' | 'signal'>>;
  /** Whether waiting for it keeps this process alive. */
  hold(on: boolean): void;
  /** Ends it without waiting for what it carries, and lets go of its streams. */
  kill(): void;
}

/**
 * A way to run a command somewhere else: a client program of this machine whose standard streams are the command's.
 * Everything that is told to the command goes through its standard input.
 */
export interface Way {
  readonly kind: Exclude<HostKind, 'local'>;
  /** Where it leads to, as sentences name it: `container shop-db`. */
  readonly label: string;
  /** The client program on this machine, which an error names. */
  readonly client: string;
  /**
   * Program and arguments that run words there, each as one argument, with standard input open until we close it.
   * Called again for every command. Throws {@link CommandError} where the place is not found.
   */
  argv(words: readonly string[]): Promise<readonly [command: string, ...args: string[]]>;
  /**
   * Runs words there without the client program, with an output that goes into a file of this machine; undefined where
   * that cannot be, or not before the signal, and nothing was begun. Never rejects.
   */
  direct?(words: readonly string[], file: FileHandle, signal?: AbortSignal): Promise<Client | undefined>;
  /**
   * Fulfilled when this is the same place as at the first command; throws {@link CommandError} (`gone`) otherwise.
   * Asked where a command ended without its trailer, and before each one where {@link asksFirst} is set.
   */
  check(): Promise<void>;
  /** Nothing inside tells one run of the place from another: the way is asked before each command. */
  readonly asksFirst?: boolean;
  /** The client may go on for ever although its place is gone: milliseconds between two checks while a command runs. */
  readonly lookMs?: number;
  /**
   * The client may keep to itself that its input has ended: a command is ended by a word, and the client by whatever
   * ends us.
   */
  readonly keepsInput?: boolean;
  /**
   * Its client costs much for what passes through it: a file of this machine of at least so many bytes is its own
   * input.
   */
  readonly handsOver?: number;
  /**
   * Environment of the client program, laid over this program's own: variables that it needs, `undefined` to remove
   * one. No secret ever stands in it.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the connection that all commands go over, where there is one. */
  close?(): void;
  /** As a person types it: the words before a command, and whether a shell there reads what follows once more. */
  readonly typed?: { readonly words: readonly string[]; readonly again: boolean };
  /** Why a command came to no trailer, from how the client ended; undefined where that is not known. */
  explain(end: ClientEnd): CommandError | undefined;
}
