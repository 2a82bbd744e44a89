import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import type { Sampler } from '../../monitor/sampler.ts';
import type { Model } from './model.ts';
import type { Servers } from './servers.ts';
import type { AppState, LogLevel, Overlay, TableState, Toast } from './state.ts';
import type { Store } from './store.ts';
import type { TextField } from './text-field.ts';

/** What the console asks of the world around it. */
export interface Ports {
  /** Puts text into the terminal's clipboard. */
  readonly copy: (text: string) => void;
  /** Ends the program. */
  readonly exit: () => void;
  /** Hands the terminal back to the shell until the program is continued. */
  readonly suspend: () => void;
  /** Wall clock, ms since 1970. */
  readonly wallClock: () => number;
  /** The servers that this console can be left for; absent where there is one only. */
  readonly servers?: Servers;
}

/** Where a key works. What is open decides which scopes are asked, see {@link file://../keymap.ts}. */
export type KeyScope =
  | 'always'
  | 'quit'
  | 'screen'
  | 'table'
  | 'row'
  | 'reader'
  | 'close'
  | 'dialog'
  | 'field'
  | 'palette'
  | 'picker'
  | 'commands'
  | 'form'
  | 'plan'
  | 'progress'
  | 'result';

/** Something a person can do, declared once: dispatcher, footer, help, palette and the README are read from it. */
export interface Action {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly string[];
  readonly scope: KeyScope;
  readonly run: (deck: Deck) => void;
  /** Ends or stops something on the server: always asks, and is absent in read-only mode. */
  readonly danger?: boolean;
  /** Order in the footer, 1 first; without it the action stands only in help and palette. */
  readonly hint?: number;
  /** A word for the footer. */
  readonly short?: string;
  /** The word for the footer where it depends on what is shown; undefined: not in the footer now. */
  readonly shortOn?: (deck: Deck) => string | undefined;
  /** Why it cannot be done now; undefined when it can. */
  readonly disabled?: (deck: Deck) => string | undefined;
}

/** The console as its features see it: state to read, and wishes that change it. They know neither keys nor each other by it. */
export interface Deck {
  readonly state: AppState;
  readonly store: Store<AppState>;
  readonly model: Model;
  readonly sampler: Sampler;
  /** The server as operations are to take it: for as long as it is armed, one that is written to. */
  readonly resolved: Resolved;
  /** The same as it was opened. */
  readonly given: Resolved;
  readonly ports: Ports;
  readonly ascii: boolean;
  readonly readOnly: boolean;
  /** Where what is done is recorded. */
  readonly journal: string | undefined;
  /** The environment that operations run in. */
  readonly env: Env;

  /** Everything that can be done, in the order of help and palette. */
  readonly actions: readonly Action[];
  /** Where keys work now, the first asked first. */
  readonly scopes: readonly KeyScope[];
  /** Runs an action, or says why not. */
  perform(action: Action): void;

  show(screen: string): void;
  open(overlay: Overlay | undefined): void;
  table(view: string, change: Partial<TableState>): void;
  moveCursor(to: (index: number, last: number) => number): void;
  focusPane(by: number): void;
  /** The focused pane fills the screen, or takes its place again. */
  toggleZoom(): void;
  /** Rows of the focused table that fit on the screen; a page of PgDn. */
  readonly page: number;
  setField(field: TextField): void;

  copy(text: string, what: string): void;
  /** One line that goes after some seconds, or with its cause (`holds`), and stays in the message log. */
  say(text: string, level?: LogLevel, intervention?: boolean, holds?: Toast['holds']): void;
  /** What was wrong before is answered by what was done since. */
  hush(): void;
  /** Into the message log only: it stands on the screen already. */
  note(text: string, level: LogLevel, intervention: boolean): void;
  answerPassword(password: string | undefined): void;

  /** Tells the sampler what the screen needs now. */
  tellNeeds(): void;
  /** Reads the list of runs again where it is shown; at once where something has changed. */
  refreshRuns(changed?: boolean): void;
  /** There is something new: what was computed before is stale. */
  nextRound(): void;
}
