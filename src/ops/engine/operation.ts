import type { z } from 'zod';
import type { AppSettings } from '../../config/app.ts';
import type { Env } from '../../config/libpq/env.ts';
import type { NotifySettings } from '../../config/notify.ts';
import type { Passwords } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import type { RoutineItem } from '../../config/routine.ts';
import type { Places } from '../../config/runs-on.ts';
import type { BackupSettings, CleanupRule } from '../../config/settings.ts';
import type { Pooling } from '../../db/pooler/pooling.ts';
import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import type { Host } from '../../hosts/host.ts';
import type { Amount } from '../../text/progress.ts';
import type { Run } from './journal/runs.ts';
import type { Danger, Plan } from './plan.ts';
import type { Secrets } from './run/secrets.ts';
import type { Verdict } from './verdict.ts';

export interface FieldChoice {
  readonly value: string;
  /** What it is, beside the value: a size, a date. */
  readonly hint?: string;
  /** What is meant by most: highlighted where nothing is given yet. */
  readonly usual?: boolean;
}

/** What is filled in for a row of a screen instead of its own name. */
export interface Meant {
  readonly value: string;
  /** A sentence. */
  readonly why: string;
}

/** What a person has typed or a flag has given, before it is checked. */
export type RawInput = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What is known of the connection and the settings before anything is asked. */
export type Known = Pick<OpContext, 'env' | 'home' | 'backup' | 'target'> & {
  readonly host: Pick<Host, 'processors'>;
};

/** How a field of the input is asked for: in the wizard's form, as a flag, in the reference. */
export interface Field {
  readonly title: string;
  /** One line: the flag's help and the form's. */
  readonly hint: string;
  /** Of a flag that switches something off: what the form asks for instead, on without it. */
  readonly asks?: { readonly title: string; readonly hint: string };
  /**
   * Typed unseen; on a command line it is read from standard input or asked for there, and never given as a word. It is
   * in no command that is told, and its operation keeps it out of the plan's input.
   */
  readonly secret?: true;
  /** Of a secret: the one that is typed again in a form, so that it is the one that was meant. */
  readonly repeats?: string;
  /** Given as an argument after the command's name instead of as a flag; the wizard asks for it first. */
  readonly argument?: boolean;
  /** The flag where it is not the field's name in kebab-case: `table`, without dashes. */
  readonly flag?: string;
  /** What stands for the value in the help: `dir`. */
  readonly placeholder?: string;
  /** What holds when nothing is given, in a few words, where the schema has no default: `custom`, a directory. */
  readonly standard?: (known: Known, raw: RawInput) => string;
  /** Values that the server or the disk offers now; another value may still be typed unless the schema refuses. */
  readonly choices?: (context: OpContext, raw: RawInput) => Promise<readonly FieldChoice[]>;
  /**
   * What a row of a screen stands for that fills it in, and why, where that is something else: of a partition, its table.
   */
  readonly meant?: (context: OpContext, row: string) => Promise<Meant | undefined>;
  /** What to do when there is nothing to choose from: a sentence. */
  readonly none?: (known: Known, raw: RawInput) => string;
  /** Asked for only when this holds for what was given so far. */
  readonly when?: (raw: RawInput) => boolean;
}

/**
 * What happens to the server, declared once: wizard, command line, journal and reference are read from it and from
 * its entry in the registry.
 */
export interface Operation<Input> {
  /** The command's words: `backup`, `backups verify`. */
  readonly id: string;
  /**
   * A command line only shows the plan, and does nothing without `--execute`. The console shows the plan anyway before it
   * asks.
   */
  readonly dry?: boolean;
  /** Checks and converts what was given; every refusal says what is expected. */
  readonly input: z.ZodObject;
  /** One for each key of the input, in the order of the form. */
  readonly fields: Readonly<Record<keyof Input & string, Field>>;
  /** Reads only. Throws {@link file://./error.ts OpError} for what cannot be planned at all. */
  plan(input: Input, context: OpContext): Promise<Plan>;
  /**
   * How to take back a run of this operation that was done. Absent: there is no way. Also asked for a run that was
   * killed and has been recovered since: whether that was done has to be looked for.
   */
  undo?(run: Run, context: OpContext): Promise<Plan>;
  /**
   * What a killed run has left, as a plan that finishes or removes it; undefined when it left nothing. Also asked for a
   * killed run of `undo` that was taking back one of this operation: its facts are its own.
   */
  recover?(run: Run, context: OpContext): Promise<Plan | undefined>;
  /** What a killed run has left may be a server that is down: `recover` is asked without one, and its plan runs so. */
  readonly recoversOffline?: boolean;
}

export type AnyOperation = Operation<Record<string, unknown>>;

/** Declares an operation; the input's type is its schema's and is forgotten outside. */
export function defineOperation<Schema extends z.ZodObject>(
  operation: Omit<Operation<z.output<Schema>>, 'input'> & { readonly input: Schema },
): AnyOperation {
  return operation as unknown as AnyOperation;
}

/** What rows of a screen can be for an operation: the field of its form that takes their names. */
export type RowField = 'table' | 'index';

/** What is known of an operation before its declaration is loaded: enough for help, palette and reference. */
export interface OperationEntry {
  /** The command's words, and the operation's id. */
  readonly id: string;
  /** For the palette and the wizard's title: `Back up databases`. */
  readonly title: string;
  /** One line for the help. */
  readonly summary: string;
  /** The most it asks for. */
  readonly danger: Danger;
  /** Flags with which it asks for more than that. */
  readonly dangerWith?: Readonly<Record<string, Danger>>;
  /** It changes the server: absent in read-only mode. */
  readonly writes: boolean;
  /** The key that opens its wizard in the console. */
  readonly key?: string;
  /** The key opens it only where the rows are of this kind; elsewhere the operation that shares the key. */
  readonly keyOn?: RowField;
  /** The console asks for it on the rows that it is about, by keys of its own: there is no wizard. */
  readonly ownKeys?: boolean;
  /** What it changes is in the profile of the server: there has to be one. */
  readonly ofProfile?: boolean;
  /** Fields of its form that rows of a screen fill in. */
  readonly takes?: readonly RowField[];
  readonly load: () => Promise<AnyOperation>;
}

/** How bad what a check has found is, the mildest first. */
export type ExaminedSeverity = 'info' | 'warning' | 'alert' | 'critical';

/** What a check of health says of the server. */
export interface Examined {
  readonly check: string;
  readonly title: string;
  /** What is wrong, the worst first, without what is waived. */
  readonly findings: readonly {
    readonly id: string;
    readonly severity: ExaminedSeverity;
    /** One sentence. */
    readonly title: string;
    /** SQL, a command of pgdeck, or what a person has to do. */
    readonly fix: string;
    /** The fix is a command of pgdeck. */
    readonly command: boolean;
  }[];
  /** How many findings are lived with. */
  readonly waived: number;
  /** Why it could not be judged, wholly or in part, and what would change that. */
  readonly unknown?: {
    readonly reason: string;
    readonly remedy?: string;
    /** Something could be judged. */
    readonly partly?: boolean;
    /** Seconds of sampling that it takes to know. */
    readonly sample?: number;
  };
  /** What else is worth telling, in sentences. */
  readonly notes?: readonly string[];
}

/** Health, as an operation may ask it. What judges is above the operations: the front end hands it in. */
export interface Examiner {
  /** Whether there is a check of that id. */
  knows(check: string): Promise<boolean>;
  /** Looks at the server for so many seconds. Throws DbError when it is away, and what `signal` was stopped with. */
  look(checks: readonly string[], seconds: number, signal: AbortSignal): Promise<readonly Examined[]>;
}

/** Finds the entry of an id; undefined when there is none. The registry, which knows every family, gives it. */
export type FindOperation = (id: string) => OperationEntry | undefined;

/** What an operation plans with: where, as whom, and what is configured. */
export interface OpContext {
  /** The server and the database that was named; passwords it hands out are known to {@link OpContext.secrets}. */
  readonly target: Target;
  /** The same server as it is reached from {@link OpContext.host}. */
  readonly there: Target;
  /** `user@host:port/database`. */
  readonly place: string;
  /** Name of the profile, where the server is one's. */
  readonly profile: string | undefined;
  /** The settings file, where another than the usual one was named. */
  readonly settingsFile: string | undefined;
  /** The connection as words of the command line, not quoted: `-h`, `localhost`. */
  readonly connection: readonly string[];
  readonly environment: Resolved['environment'];
  readonly readOnly: boolean;
  /** Where the server's programs run and its files are. */
  readonly host: Host;
  /** Where commands run, and how the server is reached from there. */
  readonly runsOn: Places;
  /** The application that works with the database. */
  readonly app: AppSettings;
  /** This machine: the repository, the journal, and what a person names. */
  readonly here: Host;
  /** The profile's own command that restarts the server. */
  readonly restart: string | undefined;
  /**
   * Where the team's migration tool, or the commands around an interruption run; opened when first asked for. Throws
   * CommandError where it cannot be reached.
   */
  at(place: 'migrations' | 'app'): Promise<Host>;
  readonly env: Env;
  readonly home: string;
  /** The backup settings of the profile. */
  readonly backup: BackupSettings;
  /** Rules of the profile by which old rows go. */
  readonly cleanup: readonly CleanupRule[];
  /** What is done again and again. */
  readonly routine: readonly RoutineItem[];
  /** Judges the server, where whoever plans can; see {@link Examiner}. */
  readonly examiner: Examiner | undefined;
  /** Who is told outside how runs end. */
  readonly notify: NotifySettings;
  /** Directory of the journal. */
  readonly journal: string;
  readonly secrets: Secrets;
  readonly passwords: Passwords;
  readonly now: () => Date;
  /** Told how far a plan is that takes long, often: a front end shows it as it can. */
  readonly looking: (amount: Amount) => void;
  /** Every operation there is, for those that know others by their id only. */
  readonly operations: FindOperation;
  /**
   * The session to plan with: it reads only, and waits for nothing long. Opened when first asked for. One for a
   * `migration` has the role's own search_path.
   */
  session(database?: string, purpose?: 'slow' | 'migration'): Promise<Session>;
  /**
   * A session that its caller closes. For a step of a run its timeouts are off, and for a `migration` the search_path is
   * the role's own besides; a `slow` one is to look with, and a `plain` one to see the settings that every session gets.
   * Throws {@link OpError} for a step behind a pooler that would leave what it sets to others.
   */
  open(
    name: string,
    database?: string,
    purpose?: 'operation' | 'migration' | 'slow' | 'plain',
  ): Promise<Session>;
  /** A session of another role, to see whether it gets in. Its caller closes it. Throws DbError. */
  openAs(target: Target, name: string): Promise<Session>;
  /**
   * The session for single statements that change something at once: signals. One for all, short timeouts; in the
   * console the one that is open already, so that a server without a free connection can still be helped. Throws DbError.
   */
  control(): Promise<Session>;
  /**
   * The same server with another database, for an operation that is part of this one: what it opens is its own, and its
   * caller closes it. `partOf`: the run that its runs belong to. `saved`: see {@link OpContext.saved}.
   */
  to(database: string, partOf?: string, saved?: boolean): OpContext;
  /** The run that runs of this context belong to. */
  readonly partOf: string | undefined;
  /** The run around this one has backed the database up before it changed anything: no part of it does so again. */
  readonly saved: boolean;
  /** Judges the database; undefined where nobody who can has been handed in. Throws DbError. */
  readonly verdict: ((signal: AbortSignal) => Promise<Verdict>) | undefined;
  /** What the pooler before a database does with this session's connection; found out once. Throws DbError. */
  pooling(session: Session): Promise<Pooling>;
  close(): Promise<void>;
}
