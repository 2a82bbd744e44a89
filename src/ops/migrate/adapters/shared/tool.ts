import type { RunResult } from '../../../../hosts/host.ts';
import type { Fact } from '../../../engine/plan.ts';
import type { Migration } from '../../files/migration.ts';
import type { HistoryTool } from '../../formats/shared/ledger.ts';
import type {
  Direction,
  Item,
  MigrationAdapter,
  MigrationDirectory,
  NewMigration,
  Problem,
} from '../../types.ts';
import type { Driver } from './environment.ts';
import type { Applied, HistoryName } from './history.ts';
import type { Listed } from './status.ts';

/**
 * A tool of a team that pgdeck runs: all that is said of it. What is done with it is in {@link file://./driven.ts}; its
 * folder and its line in {@link file://../registry.ts} are what an adapter is made of.
 */
export interface Tool<Of extends Project = Project, One extends Source = Source>
  extends Pick<MigrationAdapter, 'id' | 'title'> {
  readonly preview: MigrationAdapter['can']['preview'];
  /** How it takes a connection. */
  readonly driver: Driver;
  /** Its name, and where it may be. */
  readonly program: string;
  directories(place: MigrationDirectory, root: string): string[];
  /** What installs it; a part of a sentence. */
  readonly install: string;
  readonly history: HistoryTool;

  // what is there
  /** The project that a directory belongs to: its root or its migrations may be named. Reads files. */
  find(place: MigrationDirectory): Promise<Of | undefined>;
  /** Behind `There`, where that finds nothing: `are no migrations of dbmate`; without it `is no project of` it. */
  readonly absent?: string;
  /** Without a migration it is not taken for the directory's tool. */
  readonly onlyWithSources?: true;
  /** See {@link MigrationAdapter.owns}; absent where it shares its files with pgdeck. */
  owns?(place: MigrationDirectory, project: Of): boolean;
  /** Its migrations in the order it applies them. Throws OpError where it is not certain which they are. */
  sources(place: MigrationDirectory, project: Of): Promise<Sources<One>>;
  /** The rows of the history that are the project's, where it has others, too; by what its sources are called. */
  rows?(rows: readonly Applied[], project: Of): Applied[];
  /** What `to` names, by what its sources and its history are called; absent where that is the same. */
  versions?(names: readonly string[]): ReadonlyMap<string, string>;

  // where it goes
  /** It applies all that waits, or none: what to do instead. */
  readonly allAtOnce?: string;
  /** It goes down in the order of application, or in that of its files. */
  readonly goesDownBy: 'history' | 'files';
  /** What was applied last is where it is, also where that is not the newest file. */
  readonly currentIsLast?: true;
  /** Of a way down each is a call of its own. */
  readonly downOneByOne?: true;
  /** Throws OpError where it would stop at one of these. */
  refuse?(moves: Moves<Of, One>, place: MigrationDirectory): Promise<void>;
  /** Subcommand and arguments of the call that does it. */
  args(moves: Moves<Of, One>): readonly string[];
  facts(moves: Moves<Of, One>): readonly Fact[];
  /** What of them cannot be read before, whatever they are; absent where those that are no SQL are named. */
  readonly unread?: string;
  /** A line of its output that says that a migration begins or is done. */
  readonly counts?: RegExp;
  /** Why it failed, in its own words; undefined: the last lines. */
  words?(result: RunResult): string | undefined;
  /** It did nothing or failed, though its exit code is 0. */
  failedAnyway?(result: RunResult): boolean;

  /** Arguments of the call that begins a migration; absent where that is a SQL file. Throws OpError. */
  create?(project: Of, asked: NewMigration, sources: readonly One[]): Creating;
}

/** Where a tool is run, and with what. */
export interface Project {
  /** Where it is run. */
  readonly root: string;
  /** What it is known by. */
  readonly reason: string;
  /** Its history, where its settings say another name or schema. */
  readonly history?: HistoryName;
  /** What comes first in every call. */
  readonly first?: readonly string[];
  /** The variable that it reads the URL from, where it is not DATABASE_URL. */
  readonly variable?: string | undefined;
}

/** A migration as its tool has it; `version` is what the history calls it. */
export interface Source extends Listed {
  readonly file: string;
  /** Undefined for a program. */
  readonly migration?: Migration | undefined;
  /** It has no way down, and its tool takes it out of the history nevertheless. */
  readonly forgettable?: boolean | undefined;
  /** What is run, as a person reads it. */
  preview(direction: Direction): string;
  /** It has a statement that waits by design; see {@link file://./timeout.ts}. */
  waits(direction: Direction): boolean;
}

export interface Sources<One extends Source = Source> {
  readonly sources: readonly One[];
  readonly problems: readonly Problem[];
}

/** What is to be run, in this order. */
export interface Moves<Of extends Project = Project, One extends Source = Source> {
  readonly direction: Direction;
  readonly project: Of;
  readonly chosen: readonly Item[];
  /** Their files. */
  readonly used: readonly One[];
}

export interface Creating {
  readonly args: readonly string[];
  /** See {@link Creation.generated}. */
  readonly generated: boolean;
}
