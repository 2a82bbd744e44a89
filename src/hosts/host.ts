import type { WriteStream } from 'node:fs';
import type { Transform } from 'node:stream';
import type { Env } from '../config/libpq/env.ts';

/** What a command may be given; every field is optional. */
export interface CommandOptions {
  /** Ends the command and everything it started. */
  readonly signal?: AbortSignal;
  /** Added to the program's own environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Run as another user (only root may). */
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunOptions extends CommandOptions {
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
  /**
   * Written to its standard input as it comes, of a pipe to that of the first command. Where this throws the program is
   * ended before its input ends, so that it takes nothing for whole, and the error is thrown.
   */
  readonly inputFrom?: AsyncIterable<Uint8Array>;
  /** Called for each whole line while the command runs. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
  /** Milliseconds before the command is ended. */
  readonly timeout?: number;
  /** Takes its standard output as bytes; no lines are made of it and nothing is collected. */
  readonly onStdout?: (chunk: Buffer) => void;
  /**
   * A file, made anew and readable by its owner only, that its standard output goes to without passing through us.
   * Its standard input is empty then.
   */
  readonly stdoutTo?: string;
  /** Characters kept of each stream, the last ones; all without it. */
  readonly maxOutput?: number;
  /**
   * Milliseconds without a byte read or written before it is ended as stalled. Not for programs that wait for the
   * server: building an index is silent.
   */
  readonly stallMs?: number;
  /** Called with the process id, which is also the id of its group; of a pipe, with each one's. */
  readonly onStart?: (pid: number) => void;
}

export interface PipeOptions extends Omit<RunOptions, 'input'> {
  /** What comes to the last command passes through it. When it fails all are ended, and its error is thrown. */
  readonly through?: Transform;
}

export interface StartOptions extends CommandOptions {
  /** An open file that takes stdout and stderr, which are dropped otherwise; it may be closed after the start. */
  readonly output?: WriteStream;
  /** Called for each whole line of what it writes, which goes nowhere else; instead of `output`. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
  /** Survives this process: for a server, or for what cleans up after a crash. */
  readonly outlive?: boolean;
}

/** A command that has ended by itself, with whatever exit code. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of a pipe: the program whose exit code it is, where it failed. */
  readonly program?: string;
}

/** One of the commands of a pipe. */
export interface PipeCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** How a started process ended: one of the two is set. */
export interface Exit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why nothing is known of how it ended, where the way to it was lost. */
  readonly lost?: CommandError;
}

/** A process that keeps running, with a group of its own. */
export interface Running {
  readonly pid: number;
  /** Fulfilled when it has ended; never rejected. */
  readonly exited: Promise<Exit>;
  /** Set once it has ended. */
  readonly exit: Exit | undefined;
  /** Writes a line to its standard input. */
  write(line: string): void;
  /** Closes its standard input. */
  closeInput(): void;
  /** Sends a signal to the process alone. */
  signal(name: NodeJS.Signals): void;
  /** Ends the whole group: SIGTERM, then SIGKILL after the grace time in milliseconds. */
  stop(grace?: number): Promise<Exit>;
  /** Whether waiting for it keeps this process alive; true at first. */
  hold(on: boolean): void;
}

/** A directory of this user's own, for what programs read and write while they work. */
export interface Workspace {
  /** The path of a file in it, which need not be there. */
  path(name: string): string;
  /** Writes a file that its owner alone reads; its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Makes a directory in it that its owner alone reads; its path. It is not made where the workspace has gone meanwhile. */
  directory(name: string): Promise<string>;
}

/** `link`: of an entry of a directory only; elsewhere links are followed. */
export type FileKind = 'file' | 'directory' | 'link' | 'other';

/** What is known of a file without reading it. */
export interface FileFacts {
  readonly kind: FileKind;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** The same number: the same file system. */
  readonly device: number;
  /** The same number on the same file system: the same file, whatever it is called by now. */
  readonly inode: number;
}

export interface FileEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/**
 * The files that a host's programs see: a team's project, the directories of a server that runs there. What is refused
 * rejects with an error that has the system's `code` (`ENOENT`, `EEXIST`).
 */
export interface HostFiles {
  /** An absolute path; a relative one begins where the host works. */
  resolve(path: string): string;
  /** The path without links. */
  real(path: string): Promise<string>;
  facts(path: string): Promise<FileFacts>;
  /** The same of many at once, in their order; undefined for what is not there or not to be seen. */
  factsOf(paths: readonly string[]): Promise<readonly (FileFacts | undefined)[]>;
  /** Whether there is anything at a path that this user can reach. */
  exists(path: string): Promise<boolean>;
  /** Whether there is a program at a path that this user may run. */
  isProgram(path: string): Promise<boolean>;
  /** The entries of a directory, in no order. */
  list(directory: string): Promise<FileEntry[]>;
  /** All of a file; `EFBIG` where it has more bytes than the limit. Does not wait for a writer of a pipe. */
  read(path: string, limit?: number): Promise<Buffer>;
  /** At most so many bytes from a place in a file on; fewer at its end. */
  readAt(path: string, offset: number, length: number): Promise<Buffer>;
  /** Makes a file, of this mode where one is given; `EEXIST` where there is one. */
  create(path: string, text: string, mode?: number): Promise<void>;
  /** Removes a file, which need not be there. */
  remove(path: string): Promise<void>;
  /** Makes a directory and those above it; nothing where it is there. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /**
   * Bytes that this user may still write below a directory. Undefined where there is none of that name, or where it is
   * not said: a server on this host may be a container's.
   */
  free(directory: string): Promise<number | undefined>;
  /** The same, with what is used and free together: as df reckons, without what is reserved for root. */
  space(directory: string): Promise<{ readonly free: number; readonly total: number } | undefined>;
}

/** Told while a file is on its way: bytes that have arrived. */
export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: number) => void;
}

/** A file that has arrived whole: what both sides reckoned is the same. */
export interface Transferred {
  readonly bytes: number;
}

/**
 * Files between this machine and a host. What arrived is compared with what was sent by its length and its content; a
 * copy that is not whole is removed and throws {@link CommandError} (`transfer`).
 */
export interface Transfer {
  /** By what copies and streams are compared: only by their length where `sha256sum` is missing there. */
  readonly verifiedBy: 'sha256' | 'bytes';
  /**
   * Copies a file of this machine to a new file there, readable by its owner only. Fails where it changes its length
   * meanwhile.
   */
  put(here: string, there: string, options?: TransferOptions): Promise<Transferred>;
  /** Writes what a stream gives to a new file there. */
  send(from: AsyncIterable<Uint8Array>, there: string, options?: TransferOptions): Promise<Transferred>;
  /** Fetches a file from there into a new file of this machine. */
  get(there: string, here: string, options?: TransferOptions): Promise<Transferred>;
}

/** What the first process of a container has written, as the container's own machinery keeps it. */
export interface ContainerOutput {
  /**
   * So many of the last lines, each behind its time (RFC 3339, in UTC) and a blank; of one that is very long the end.
   * Rejects with {@link CommandError} also where the log is kept nowhere that can be read.
   */
  tail(
    lines: number,
    options?: Pick<CommandOptions, 'signal'>,
  ): Promise<{ readonly stdout: string; readonly stderr: string }>;
}

export type HostKind = 'local' | 'ssh' | 'docker' | 'compose' | 'kubectl';

/** A place where commands run: this machine, a container, another machine. Its files are its own. */
export interface Host {
  readonly kind: HostKind;
  readonly label: string;
  /** Why it could not be opened: whatever it is asked for rejects with it. */
  readonly closed?: Error;
  /** How files come and go; undefined where the host's files are this machine's. */
  readonly transfer?: Transfer;
  /** Of a container. */
  readonly output?: ContainerOutput;
  /** Ends the connection that leads there, where there is one of its own, and what runs over it; nothing is asked of it any more. */
  close?(): void;
  /** Runs a command to its end. Throws {@link CommandError} when it cannot start or is ended by us. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Runs commands with the output of each as the input of the next, through the kernel. `stdout` is the last one's,
   * `stderr` everybody's. Throws {@link CommandError} as `run` does.
   */
  pipe(commands: readonly PipeCommand[], options?: PipeOptions): Promise<RunResult>;
  /** Starts a command that keeps running. Throws {@link CommandError} when it cannot start. */
  start(command: string, args: readonly string[], options?: StartOptions): Promise<Running>;
  /** Makes a workspace and removes it after the work; what killed processes have left goes too. */
  withWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T>;
  /** Where it has its temporary files. */
  readonly temporary: string;
  /** How many processors work may be shared between. */
  readonly processors: number;
  /** `linux`, `darwin`: which words its programs take. */
  readonly platform: NodeJS.Platform;
  readonly files: HostFiles;
  /** What its programs get in their environment, before what a command changes. */
  readonly environment: Env;
  /**
   * Directories in which it looks for programs by their name, in this order. `env` is that of who works with pgdeck,
   * which says it for the machine that he works on.
   */
  searchPath(env: Env): readonly string[];
  /** Program and arguments that pgdeck is started with there, as absolute paths. */
  pgdeck(): Promise<readonly string[]>;
  /** A pipe of commands as a person types it on this machine to run it there; undefined where it is this machine. */
  typed?(commands: readonly PipeCommand[]): string;
}

export type CommandErrorKind =
  | 'missing'
  | 'denied'
  | 'cancelled'
  | 'timeout'
  | 'stalled'
  | 'signal'
  /** The way to the host is lost, or it is not the place any more that it was: nothing is known of how the command ended. */
  | 'gone'
  /** What arrived is not what was sent. */
  | 'transfer'
  | 'other';

/** A command that could not run or did not end by itself; the message is one sentence with the next step. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly kind: CommandErrorKind;
  /** What it had written to stderr until then. */
  readonly stderr: string;

  constructor(kind: CommandErrorKind, sentence: string, stderr = '', cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.stderr = stderr;
  }
}
