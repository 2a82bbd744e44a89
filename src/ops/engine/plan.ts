import type { Session } from '../../db/session.ts';
import type { Host, RunOptions, RunResult } from '../../hosts/host.ts';
import type { Amount } from '../../text/progress.ts';
import { shellWord } from '../../text/shell.ts';
import type { Outcome, Told } from './outcome.ts';

/** What a plan asks of a person before it runs: nothing, a yes, or the subject's name typed. */
export type Danger = 'none' | 'confirm' | 'type-name';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export type CheckStatus = 'ok' | 'warn' | 'block';

/** Something looked at before anything is done. A plan with a blocked check does not run. */
export interface Check {
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found; for warn and block, with the next step. */
  readonly detail: string;
  /** Of a block that a value of the input answers: both front ends say how it is given there. */
  readonly answer?: Answer;
}

/** A field of the operation's input, and the value that is added to it. */
export interface Answer {
  readonly field: string;
  readonly value: string;
}

/** What was found, for a command line: with the flag that answers it. */
export function withFlag({ detail, answer }: Pick<Check, 'detail' | 'answer'>): string {
  if (answer === undefined) return detail;
  return `${detail} To accept it: --${answer.field.replaceAll('_', '-')} ${shellWord(answer.value)}`;
}

/** A small table for people. Cells are cleaned when they are shown. */
export interface ResultTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One run per server, database and family at a time. */
export interface LockName {
  /** `backup`, `restore`. */
  readonly family: string;
  readonly database: string;
}

/** What will be done, and to what: the wizard's preview, the output of --plan and the journal's record. */
export interface Plan {
  readonly operation: string;
  /** One line for people: `Back up shop`. */
  readonly title: string;
  /** What it is done to: the name that is typed to confirm. */
  readonly subject: string;
  readonly danger: Danger;
  /** It changes the server: refused in read-only mode. */
  readonly writes: boolean;
  /** `user@host:port/database`, or the directory of a repository. */
  readonly server: string;
  /** The input as it was understood; never a secret. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly facts: readonly Fact[];
  /** Why it is worth doing now, in a sentence or two: what is read first. */
  readonly reason?: string;
  readonly tables?: readonly ResultTable[];
  readonly checks: readonly Check[];
  readonly steps: readonly Step[];
  /** What is lost or interrupted, in one or two sentences, shown with the question. */
  readonly consequence?: string;
  readonly locks?: readonly LockName[];
  /**
   * Its steps send single statements by the control session: a crash leaves nothing to clean up, and nothing of it is
   * at work on the server when it is stopped. So it is done, and that is said, where the journal cannot be written.
   */
  readonly momentary?: boolean;
  /** How it can be taken back once it is done: `undo` makes the run's line `pgdeck undo RUN`. */
  readonly undo?: 'undo' | { readonly command: string };
  /** Whether a run that is done has changed something that `undo` takes back; without it, it has. */
  readonly undoableWhenDone?: () => boolean;
  /**
   * Whether a run that has failed or was cancelled has changed something that `undo` takes back. Asked when everything
   * that is taken back at once was; without it, such a run cannot be undone.
   */
  readonly undoableInPart?: () => boolean;
  /** A run of the journal that this one takes back. */
  readonly undoes?: string;
  /**
   * The state that the data is in when the run has failed or was cancelled, in a sentence or two: what was not touched,
   * what is kept, what is half done. Asked when everything that could be taken back was; only what is known is said.
   */
  readonly leaves: (failure: Failure) => string | undefined;
  /** The state that the data is in when all of it is done, in a sentence or two. Asked at the end of the run. */
  readonly reaches: () => string;
  /**
   * The command of pgdeck that helps with what was found, as for a shell; undefined when none does. Asked at the end of
   * the run: the console opens it by a key.
   */
  readonly follows?: () => string | undefined;
}

/** How far a run came that has failed. */
export interface Failure {
  /** Ids of the steps that were done, those that were taken back afterwards too. */
  readonly done: ReadonlySet<string>;
  /** Nothing was left that should have been taken back. */
  readonly takenBack: boolean;
}

/** What a rollback answers when the step's work stays: there was nothing half done, and nothing is said of it. */
export const KEPT = 'kept';

/** What a rollback answers when it leaves on purpose what is half done: a person has to decide. */
export class Left {
  /** What is there, and the command that mends it. */
  readonly sentence: string;

  constructor(sentence: string) {
    this.sentence = sentence;
  }
}

export interface Step {
  /** Stable within the plan; names the step in the journal and for PGDECK_CRASH_AT. */
  readonly id: string;
  readonly title: string;
  /** The exact SQL or command; several lines where there are several. */
  readonly preview: string;
  /** Locks and downtime for others, in a few words. */
  readonly effect?: string;
  /** Run also when an earlier step failed, after what was done has been taken back: a hook that starts a service. */
  readonly always?: boolean;
  /** Nothing that follows needs it: when it fails the others are still done, and the run has failed at its end. */
  readonly independent?: boolean;
  /** It is begun before those that come {@link Later} have come to their end; it is `independent`, and so are they. */
  readonly alongside?: boolean;
  /**
   * It comes when everything is in place: when it fails nothing is taken back, the run is `done` and can be undone, and
   * its end is not ok.
   */
  readonly late?: boolean;
  /** Ids of steps whose work stays once this one is done, whatever fails later: the backup that they made is published. */
  readonly settles?: readonly string[];
  /**
   * True: it is one transaction, which the server rolls back when it is stopped in its midst. False: what it has done by
   * then stays, and its rollback only tells that. Once done it stays in both cases. Without it, its rollback decides.
   */
  readonly atomic?: boolean;
  /** It may have to wait for a lock: whom it waits for is told. Steps that tell it themselves have it not. */
  readonly waits?: boolean;
  /** Answers an {@link Outcome}, {@link Later}, or nothing that counts. */
  run(io: StepIo): Promise<unknown>;
  /** What is told of it when the run stops before its turn; without it, nothing. */
  unbegun?(why: string): Outcome;
  /**
   * Takes back what the step has done, perhaps in part, when it or a later one fails; answers
   * {@link KEPT} when there was nothing to take back, {@link Left} when it is not to be. May be called twice.
   */
  rollback?(io: StepIo): Promise<unknown>;
}

export type LineSource = 'stdout' | 'stderr' | 'note';

/** One bar. Several with different labels may run in one step. */
export type Progress = Amount;

export interface ExecOptions
  extends Pick<
    RunOptions,
    'env' | 'cwd' | 'input' | 'timeout' | 'onStdout' | 'stdoutTo' | 'maxOutput' | 'stallMs'
  > {
  /** Where it runs; where the server's programs do without it. */
  readonly on?: Host;
  /** Exit codes that are no failure; only 0 without it. */
  readonly accept?: readonly number[];
  /** Its output is not a person's to read: no lines. */
  readonly quiet?: boolean;
  /** Sees each line of output besides, before it is redacted. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

/** What a step is given. */
export interface StepIo {
  /** Id of the run. */
  readonly run: string;
  /** The application_name of everything the run starts: `pgdeck:<run>`. Others find and end its backends by it. */
  readonly applicationName: string;
  readonly signal: AbortSignal;
  /** Where the server's programs run. */
  readonly host: Host;
  /** See {@link file://./operation.ts OpContext}. */
  at(place: 'app'): Promise<Host>;
  /** This machine. */
  readonly here: Host;
  /** A line of output; kept in the journal. */
  line(text: string, from?: LineSource): void;
  /**
   * Whom it waits for from now on (`session 4711 (…)`), and the seconds after which it gives up; undefined when it no
   * longer waits.
   */
  waits(who: string | undefined, seconds?: number): void;
  progress(progress: Progress): void;
  result(table: ResultTable): void;
  /**
   * Shows a secret to whoever runs it, once: as it is, and kept nowhere, not in the journal either. `what` says what it
   * is, for people: `The password of app`.
   */
  reveal(what: string, secret: string): void;
  /** Facts that undo and recover need; on disk before it returns. Later ones are laid over earlier ones. */
  record(facts: Readonly<Record<string, unknown>>): void;
  /**
   * A session of this run with its timeouts off; closed with the run at the latest. One for a `migration` has the
   * search_path and the time zone that the role and the database set. Throws DbError.
   */
  connect(database?: string, purpose?: 'operation' | 'migration'): Promise<Session>;
  /** The control session, see {@link file://./operation.ts OpContext}; it is not the run's to close. Throws DbError. */
  control(): Promise<Session>;
  /**
   * Runs a program in a group of its own with its lines streamed. Throws {@link file://./error.ts OpError} with the
   * last lines of stderr when it fails.
   */
  exec(command: string, args: readonly string[], options?: ExecOptions): Promise<RunResult>;
  /** Ends the process here when PGDECK_CRASH_AT names it: for tests of what a crash leaves behind. */
  crashPoint(name: string): void;
}

export type RunEnd = 'done' | 'failed' | 'cancelled' | 'refused';

/** What a run tells while it goes on. `at` is ms since 1970; `step` counts from 0. */
export type OpEvent = { readonly at: number } & (
  | { readonly type: 'begin'; readonly run: string; readonly title: string; readonly steps: number }
  /** The journal lacks this run, or what follows of it; it goes on. Once at most, perhaps before `begin`. */
  | { readonly type: 'unrecorded'; readonly text: string }
  | { readonly type: 'start'; readonly step: number; readonly id: string; readonly title: string }
  | { readonly type: 'line'; readonly step: number; readonly text: string; readonly from: LineSource }
  /** `who` is waited for; null: nobody any more. `until` (ms since 1970) it gives up. */
  | {
      readonly type: 'waits';
      readonly step: number;
      readonly who: string | null;
      readonly until?: number;
    }
  | ({ readonly type: 'progress'; readonly step: number } & Progress)
  | { readonly type: 'result'; readonly step: number; readonly table: ResultTable }
  /** A secret that is shown this once. */
  | { readonly type: 'reveal'; readonly step: number; readonly what: string; readonly secret: string }
  | {
      readonly type: 'finish';
      readonly step: number;
      readonly ok: boolean;
      readonly ms: number;
      /** Why it failed, with the next step; of an outcome, what it tells. */
      readonly text?: string;
      /** Of a step that has told one: what its operation's front end reads. */
      readonly outcome?: Told;
    }
  /** A step is being taken back. */
  | { readonly type: 'rollback'; readonly step: number; readonly ok: boolean; readonly text?: string }
  | {
      readonly type: 'end';
      /** Also false where all of it is done and a step that came after failed: a service that was not started again. */
      readonly ok: boolean;
      readonly status: RunEnd;
      readonly run: string;
      readonly ms: number;
      /** One or two sentences: what became of it, and the next step where it failed. */
      readonly text: string;
      /** The state that the data is in; where it failed, the end of `text` says it too. Null where nobody knows. */
      readonly state: string | null;
      /** The command that takes it back; null when there is none. */
      readonly undo: string | null;
      /** The command that helps with what was found, where one does. */
      readonly next?: string;
      /** Refused because the server could not be reached. */
      readonly unreachable?: boolean;
    }
);
