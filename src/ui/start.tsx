import type { Resolved } from '../config/profile.ts';
import type { Settings } from '../config/settings.ts';
import { UsageError } from '../config/usage-error.ts';

export interface ConsoleOptions {
  readonly resolved: Resolved;
  readonly settings: Settings;
  readonly ascii: boolean;
  readonly color: boolean;
  /** Seconds between two samples. */
  readonly interval?: number;
  readonly demo?: boolean;
}

/** Opens the console; resolves with the exit code when it was left. */
export async function startConsole(options: ConsoleOptions): Promise<number> {
  throw new UsageError(`There is no console yet for ${options.resolved.name}.`, 'Use pgdeck --once.');
}
