import type { Resolved } from '../../config/profile.ts';
import type { Environment } from '../../config/settings.ts';
import type { FleetRow } from '../fleet/row.ts';

/** A server that the console can change to. */
export interface ServerChoice {
  /** The profile's name, or that of the server that was given on the command line. */
  readonly name: string;
  /** `app@db1:5432/shop`; empty where that cannot be known. */
  readonly place: string;
  readonly environment?: Environment;
  /** It was given on the command line, and is no profile as it stands in the settings. */
  readonly given?: boolean;
  /** Why it cannot be opened at all: its settings lead nowhere. */
  readonly problem?: string;
  /** Everything that holds while it is watched, with a way of its own to it. Throws UsageError. */
  readonly resolve: () => Promise<Resolved>;
  /** It could not be opened: what was typed for it is not used again. */
  readonly forget?: () => void;
  /** What it is made of in the settings, as text: where that is another, so is the choice. */
  readonly settings?: string;
}

/** All servers at a glance. */
export interface FleetSource {
  /** As they are now. */
  readonly rows: readonly FleetRow[];
  /** They are on the screen, or not any more: only what is looked at is watched. */
  show(shown: boolean): void;
  /** Asks each again now, also those that have refused. */
  again(): void;
}

/** The other servers, for a console that watches one of them. */
export interface Servers {
  /** Names of those that were read last. */
  readonly names: readonly string[];
  readonly fleet: FleetSource;
  /** The one on the command line, then those of the profiles; read anew. Throws UsageError for settings that cannot be read. */
  choices(): readonly ServerChoice[];
  /**
   * Connects to one, and puts its console in the place of this one, which is ended. Answers why not in a sentence:
   * then nothing has changed. Never rejects.
   */
  open(choice: ServerChoice, signal: AbortSignal): Promise<string | undefined>;
}
