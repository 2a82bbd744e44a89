import type { Session } from '../../db/session.ts';
import type { Host, RunResult } from '../../hosts/host.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Fact, Step } from '../engine/plan.ts';
import type { Worker } from '../maintain/shared/sessions.ts';
import type { Driver } from './adapters/shared/environment.ts';
import type { Command } from './adapters/shared/programs.ts';
import type { Rehearsal } from './rehearse/result.ts';

/** What became of a migration, by the history table and the files. */
export const STATES = [
  'applied',
  'pending',
  /** Not applied, though a later one is. */
  'out_of_order',
  /** Applied, and its file says something else by now. */
  'changed',
  /** Applied, and there is no file of it. */
  'missing_file',
  /** Begun outside a transaction and not finished. */
  'dirty',
] as const;
export type State = (typeof STATES)[number];

export interface Item {
  readonly version: string;
  readonly name: string;
  readonly state: State;
  /** It has a way down. */
  readonly reversible: boolean;
  /** ISO 8601; null where it is not applied, or the history does not say. */
  readonly applied_at: string | null;
  /** Path below the directory; null without a file. */
  readonly file: string | null;
}

/** Something wrong with the migrations or their history, and what to do about it. */
export interface Problem {
  readonly kind:
    | State
    | 'no_directory'
    | 'no_history'
    | 'several_heads'
    | 'unknown_revision'
    | 'bad_file'
    /** What goes up can be read, and what takes it back cannot. */
    | 'bad_way_down'
    | 'tool';
  readonly version: string | null;
  /** One sentence with the next step. */
  readonly message: string;
}

export interface Status {
  /** Id of the adapter. */
  readonly tool: string;
  /** The newest version that is applied; null at the base. Several heads are joined by a comma. */
  readonly current: string | null;
  /** In the order they are applied. */
  readonly items: readonly Item[];
  readonly problems: readonly Problem[];
  /** The tool did not say which migrations there are: the items are those of the history alone. */
  readonly failed?: true;
}

/** Where to go. Down `to`: that version stays applied. */
export type Destination =
  | { readonly kind: 'latest' }
  /** `implied`: nobody has said how many, so that it is the tool's own step. */
  | { readonly kind: 'steps'; readonly n: number; readonly implied?: true }
  | { readonly kind: 'to'; readonly version: string }
  | { readonly kind: 'base' };

/** Down: these and no others, whatever was applied after them. */
export interface Only {
  readonly kind: 'only';
  readonly versions: readonly string[];
}

export type Direction = 'up' | 'down';

/** A table, or a column of it, as the statement writes it. */
export interface Lost {
  readonly table: string;
  readonly column?: string;
}

/** Something a migration does that can hurt, to be acknowledged by its name. */
export interface Hazard {
  /** `drop_column`, `table_rewrite`, `lock_table`. */
  readonly name: string;
  readonly version: string;
  /** One sentence: what happens, and what to do instead. */
  readonly message: string;
  /** Data or objects are lost. */
  readonly destructive: boolean;
  /** Of a way down: it is what its own way up has made, which is told and not asked about. */
  readonly own?: boolean;
  /** Whose rows are lost. */
  readonly lost?: readonly Lost[];
  /** Of the statement. */
  readonly file?: string;
  readonly line?: number;
}

/** What is known of a team's tool that has ended, or failed. */
export interface ToolEnd {
  /** What its history says was moved; undefined: not known. */
  readonly moved: readonly string[] | undefined;
  /** False where nobody has changed anything on the server since before it began. */
  readonly touched: boolean;
  readonly failed: boolean;
}

/** A step of a route; `ended`: of one that runs a team's tool, undefined before it has begun. */
export interface RouteStep extends Step {
  readonly ended?: () => ToolEnd | undefined;
}

/** Of a migration that has failed: rolled back as a whole, half of it there, or an answer that never came. */
export type Fates = ReadonlyMap<string, 'rolled back' | 'half' | 'unknown'>;

/** How a tool would get there: what the operation makes its plan of. */
export interface Route {
  readonly direction: Direction;
  /** In the order they are run. */
  readonly versions: readonly string[];
  readonly hazards: readonly Hazard[];
  readonly facts: readonly Fact[];
  /** What a person should know before. */
  readonly checks?: readonly Check[];
  /** What waits is applied, and nobody says before what that is: there are no versions. */
  readonly open?: true;
  /** What of these cannot be read before, so that its hazards are not known: `what 002_age.js runs`. */
  readonly unread?: string;
  /** `migrate down` would not take it back. */
  readonly oneWay?: true;
  readonly steps: readonly RouteStep[];
  /** What became of those that were begun and not done, filled in by the steps; absent where another program does them. */
  readonly fates?: Fates;
  /** What the status was when this was planned: a run refuses when it has changed since. */
  readonly statusHash: string;
  /** How they are tried in a shadow database; absent where that cannot be done. */
  readonly rehearsal?: Rehearsal;
}

/** How a team's migrations look and how they are run. */
export interface MigrationAdapter {
  /** `sql`, `alembic`, `dbmate`. */
  readonly id: string;
  readonly title: string;
  /** Its migrations are SQL files that pgdeck runs itself. */
  readonly files?: true;
  /** The one format of such files that it takes. */
  readonly format?: string;
  readonly can: {
    readonly down: boolean;
    readonly to: boolean;
    readonly steps: boolean;
    /** It writes the file of a new migration itself. */
    readonly create: boolean;
    readonly preview: 'full' | 'partial' | 'none';
  };
  /** Why it thinks so (`alembic.ini in .`); undefined when this is not its project. Reads files. */
  detect(place: MigrationDirectory): Promise<string | undefined>;
  /**
   * Its settings are in this directory, and its migrations are no SQL files that pgdeck reads: such files beside them
   * do not make the directory theirs.
   */
  owns?(place: MigrationDirectory): Promise<boolean>;
  /** How it begins a migration; absent where that is a SQL file. Throws OpError when that cannot be. */
  create?(place: MigrationDirectory, asked: NewMigration): Promise<Creation>;
  /** Reads only; makes no table. */
  status(where: Where): Promise<Status>;
  /** Throws {@link file://../error.ts OpError} when a step has no way down, or the destination is unknown. */
  route(where: Where, direction: Direction, to: Destination): Promise<Route>;
  /** The way down of these alone; absent where the tool goes back in order only. Throws as `route` does. */
  only?(where: Where, to: Only): Promise<Route>;
}

/** A directory, before anything is asked of the database. */
export type MigrationDirectory = Pick<Where, 'context' | 'host' | 'directory'>;

export interface NewMigration {
  /** As it was given. */
  readonly name: string;
  /** From the difference between the team's models and the database. */
  readonly autogenerate: boolean;
}

/** A call of a tool that writes the file of a new migration. */
export interface Creation {
  readonly tool: string;
  readonly driver: Driver;
  readonly command: Command;
  readonly cwd: string;
  /** More variables that are to have the value of DATABASE_URL. */
  readonly inDatabaseUrl?: readonly string[];
  /** The tool writes what the migration does, and asks the database for it: it is shown before it is kept. */
  readonly generated: boolean;
  /** Why it failed, in the tool's own words; undefined: the last lines. */
  readonly words?: (result: RunResult) => string | undefined;
}

/** Which migrations, on which database. */
export interface Where {
  readonly context: OpContext;
  /** Where the files and the tool are; the server's programs may be elsewhere. */
  readonly host: Host;
  /** Reads only while it is planned. */
  readonly session: Session;
  /** Absolute. */
  readonly directory: string;
  /** Whose SQL files they are, where that was said; see {@link MigrationAdapter.format}. */
  readonly format?: string;
  /** As the person has named it. */
  readonly tool?: string;
  /** Seconds that one attempt waits for a lock of a table, and for all attempts together. */
  readonly patience?: { readonly lockTimeout: number; readonly wait: number };
  /** Holds the lock of migrations once the run has begun; absent where nothing is run. */
  readonly held?: Held;
}

/** The lock of migrations, on the session that works. */
export interface Held {
  /** Throws OpError when the session or the lock is lost. */
  worker(): Promise<Worker>;
}
