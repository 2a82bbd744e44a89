import type { WriteStream } from 'node:fs';

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
  /** Called for each whole line while the command runs. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
  /** Milliseconds before the command is ended. */
  readonly timeout?: number;
  /** Called with the process id, which is also the id of its group. */
  readonly onStart?: (pid: number) => void;
}

export interface StartOptions extends CommandOptions {
  /** An open file that takes stdout and stderr, which are dropped otherwise; it may be closed after the start. */
  readonly output?: WriteStream;
  /** Survives this process: for a server, or for what cleans up after a crash. */
  readonly outlive?: boolean;
}

/** A command that has ended by itself, with whatever exit code. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a started process ended: one of the two is set. */
export interface Exit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
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

/** A place where commands run: this machine, a container, another machine. */
export interface Host {
  readonly label: string;
  /** Runs a command to its end. Throws {@link CommandError} when it cannot start or is ended by us. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a command that keeps running. Throws {@link CommandError} when it cannot start. */
  start(command: string, args: readonly string[], options?: StartOptions): Promise<Running>;
}

export type CommandErrorKind = 'missing' | 'denied' | 'cancelled' | 'timeout' | 'signal' | 'other';

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
