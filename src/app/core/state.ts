import type { Standing } from '../../alerts/alert.ts';
import type { PlanDocument } from '../../db/explain/plan.ts';
import type { SignalAction, SignalEvent, SignalPlan } from '../../ops/signal/types.ts';
import type { Fault } from '../../text/filter/filter.ts';
import type { Wizard } from '../wizard/types.ts';
import type { Sort } from './rows.ts';
import type { DetailSection } from './section.ts';
import type { ServerChoice } from './servers.ts';
import type { TextField } from './text-field.ts';

/** What a person has set on one table. */
export interface TableState {
  /** Identity of the row under the cursor; undefined: the first one. */
  readonly selected?: string | undefined;
  /** Where the row stood when it was last seen: the cursor stays there when the row vanishes. */
  readonly index: number;
  readonly sort: Sort;
  readonly filter: string;
  readonly marks: ReadonlySet<string>;
  /** The branches of a tree that are unfolded. */
  readonly open: ReadonlySet<string>;
  /** Cells scrolled to the right. */
  readonly shift: number;
}

/** One of several things that would help. */
export interface SignalOption {
  readonly plan: SignalPlan;
  /** `end 2133+2136`. */
  readonly label: string;
  /** Waiters that it frees, in turn; null where that is not known. */
  readonly frees: number | null;
  /** The prepared transaction that is ended first, by an operation of its own. */
  readonly gid?: string;
  /** What holds the waiters up besides it, and is ended after it: joint blockers free nobody one by one. */
  readonly rest?: number;
}

/** A question about sessions. */
export interface SignalQuestion {
  readonly step: 'ask';
  /** What is asked about: of options, the chosen one. */
  readonly plan: SignalPlan;
  /** What may be chosen; none where it is about this one only. */
  readonly options: readonly SignalOption[];
  readonly yes: boolean;
  /** Pids and statements are shown, instead of one row for each session. */
  readonly details: boolean;
  /** That marked rows are not meant. */
  readonly leftOut?: string | undefined;
  /** Lines of the list that have been on the screen: all must have been before it can be answered with a yes. */
  readonly read: number;
}

export type DialogPhase =
  | { readonly step: 'planning' }
  | SignalQuestion
  | { readonly step: 'running'; readonly plan: SignalPlan; readonly outcomes: readonly SignalEvent[] }
  | { readonly step: 'done'; readonly plan: SignalPlan; readonly outcomes: readonly SignalEvent[] }
  | { readonly step: 'failed'; readonly reason: string };

/** What lies over the screen; one at a time, Esc takes it away. */
export type Overlay =
  | { readonly kind: 'help'; readonly scroll: number }
  | { readonly kind: 'log'; readonly scroll: number }
  /** What was sent, the newest first; undefined while it is read. */
  | { readonly kind: 'commands'; readonly index: number; readonly entries?: readonly Sent[] }
  | { readonly kind: 'palette'; readonly field: TextField; readonly index: number }
  | {
      readonly kind: 'filter';
      readonly view: string;
      readonly field: TextField;
      readonly before: string;
      /** What is wrong with what is typed; until it is right, the rows are those of what stands before it. */
      readonly fault?: Fault;
    }
  /** The columns that a view can be sorted by. */
  | { readonly kind: 'sort'; readonly view: string; readonly index: number }
  /** Which server to change to; `coming` is the one that is being connected to, `problem` why another one was not. */
  | {
      readonly kind: 'servers';
      readonly choices: readonly ServerChoice[];
      readonly field: TextField;
      readonly index: number;
      readonly coming?: string;
      readonly problem?: string;
    }
  /** How long idle, before the dialog lists whom that hits. */
  | { readonly kind: 'idle'; readonly field: TextField; readonly problem?: string }
  | {
      readonly kind: 'detail';
      readonly view: string;
      /** The row as it was when it was opened, or as last seen. */
      readonly row: unknown;
      readonly identity: string;
      readonly gone: boolean;
      readonly scroll: number;
      /** What the server says of it beyond the row: full query, locks. Undefined while it is asked. */
      readonly extra?: readonly DetailSection[];
    }
  | {
      readonly kind: 'signal';
      /** Tells this dialog from one that was closed before it: late answers belong to one of them. */
      readonly id: symbol;
      readonly action: SignalAction;
      readonly phase: DialogPhase;
      readonly scroll: number;
    }
  | {
      readonly kind: 'explain';
      readonly title: string;
      /** Set while it is asked whether to plan at all: whose functions may run, and the statement. */
      readonly risk?: {
        readonly owners: readonly string[];
        readonly query: string;
        readonly path?: string;
        readonly yes: boolean;
      };
      /** Undefined while the server is asked. */
      readonly plan?: PlanDocument;
      readonly problem?: string;
      readonly scroll: number;
    }
  /** Leaving although something is running. */
  | { readonly kind: 'leave'; readonly yes: boolean }
  /** One of the wizards. */
  | { readonly kind: 'wizard'; readonly wizard: number }
  /** The name of a read-only profile, before it is written to. */
  | { readonly kind: 'arm'; readonly field: TextField; readonly problem?: string }
  /** The server wants a password. */
  | { readonly kind: 'password'; readonly question: string; readonly field: TextField };

/** A read-only profile that is written to for now. */
export interface Armed {
  /** Wall clock, ms since 1970. */
  readonly since: number;
  readonly untilWall: number;
  /** Sampler clock (ms). */
  readonly until: number;
}

/** A statement or command that was sent to change something. */
export interface Sent {
  readonly run: string;
  /** Number of the step, from 0. */
  readonly step: number;
  /** Ms since 1970. */
  readonly at: number;
  readonly operation: string;
  readonly server: string;
  readonly title: string;
  /** As it was sent; several lines where there are several. Not clean. */
  readonly text: string;
  /** Null where no end was recorded. */
  readonly ok: boolean | null;
  readonly undone: boolean;
}

export type LogLevel = 'info' | 'done' | 'error';

export interface LogEntry {
  /** Wall clock, ms since 1970. */
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
  /** It changed something on the server, or tried to: reported on exit. */
  readonly intervention?: boolean;
}

export interface Toast {
  readonly text: string;
  readonly level: LogLevel;
  /** Sampler clock (ms) at which it goes. */
  readonly until: number;
  /** Whether its cause is still there; it is not shown where that has gone, however. */
  readonly holds?: ((state: AppState) => boolean) | undefined;
}

export interface AppState {
  /** The open screen, by its name. */
  readonly screen: string;
  /** The screen that the server was opened from: Esc leads back there at last. */
  readonly home: string | undefined;
  /** The pane that keys go to, on screens with several. */
  readonly pane: number;
  /** That pane fills the screen. */
  readonly zoomed: boolean;
  /** A key was pressed since the screen was opened: from then on the focus moves for keys only. */
  readonly touched: boolean;
  /** What is set on the tables, by the name of their view. */
  readonly tables: Readonly<Record<string, TableState>>;
  readonly overlay: Overlay | undefined;
  /** Operations that somebody prepares, that run, or whose results were not yet closed. */
  readonly wizards: readonly Wizard[];
  readonly toast: Toast | undefined;
  readonly log: readonly LogEntry[];
  /** What is wrong for longer than a moment, the worst first. */
  readonly alerts: readonly Standing[];
  readonly size: { readonly columns: number; readonly rows: number };
  /** Grows with every round of the sampler: what is computed from the model is stale when it differs. */
  readonly round: number;
  /** Idle sessions are listed too. */
  readonly idle: boolean;
  /** Signals that this console has sent. */
  readonly sent: readonly Sent[];
  readonly armed: Armed | undefined;
  /** Of views whose rows belong to a database, only those of this one are listed. */
  readonly database: string | undefined;
  /** Sampler clock (ms) at which ^C last asked to stop what runs: another one within 3 s ends the program. */
  readonly interruptedAt: number | undefined;
  /** Wall clock of the data on screen while paused. */
  readonly pausedAt: number | undefined;
}

/** What is set on the table of a view. */
export function tableOf({ tables }: Pick<AppState, 'tables'>, view: string): TableState {
  const table = tables[view];
  if (table === undefined) throw new Error(`no view ${view}`);
  return table;
}

/** The wizard that lies over the screen. */
export function openedWizard(state: AppState): Wizard | undefined {
  const { overlay } = state;
  return overlay?.kind === 'wizard' ? wizardById(state, overlay.wizard) : undefined;
}

export function wizardById(state: AppState, id: number): Wizard | undefined {
  return state.wizards.find((wizard) => wizard.id === id);
}

/** The wizards whose operation is being carried out now. */
export function runningWizards(state: AppState): readonly Wizard[] {
  return state.wizards.filter((wizard) => wizard.phase.step === 'run');
}
