import type { RunResult } from '../../../../hosts/host.ts';
import type { Where } from '../../types.ts';
import type { Driver } from './driver.ts';
import type { Command } from './programs.ts';

/** A run of a team's tool, and what the history has to say before and after. */
export interface ToolRun {
  readonly where: Where;
  /** `Alembic`. */
  readonly tool: string;
  readonly driver: Driver;
  readonly command: Command;
  readonly cwd: string;
  /** More variables that are to have the value of DATABASE_URL. */
  readonly inDatabaseUrl?: readonly string[];
  /** More variables for it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly id: string;
  readonly title: string;
  /** Shown below the command: SQL. */
  readonly preview?: string;
  /** Versions that are applied when it starts, and when it has done what it should; undefined: not known. */
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string> | undefined;
  /** How many migrations it runs. */
  readonly count: number;
  /** Milliseconds; 0 waits without limit. */
  readonly lockTimeout: number;
  /** What is applied now. */
  readonly applied: (session: Where['session']) => Promise<ReadonlySet<string>>;
  /** There is no history that is known: what is applied is not. */
  readonly noHistory?: boolean;
  /** A line that says that a migration begins or is done. */
  readonly counts?: RegExp;
  /** Why it failed, in the tool's own words; undefined: the last lines. */
  readonly words?: (result: RunResult) => string | undefined;
  /** It did nothing or failed, though its exit code is 0. */
  readonly failedAnyway?: (result: RunResult) => boolean;
}
