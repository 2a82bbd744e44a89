import type { Env } from '../config/libpq/env.ts';
import type { Resolved } from '../config/profile.ts';
import type { Sampler, SamplerEvent } from '../monitor/sampler.ts';
import { cleanLine } from '../text/clean.ts';
import { ACTIONS } from './actions/registry.ts';
import { followAlerts } from './alerts/follow.ts';
import { disarm, followArmed } from './arming/arming.ts';
import { CONTEXTS } from './core/action.ts';
import { armedFor, writableOf } from './core/armed.ts';
import type { Action, Deck, KeyScope, Ports } from './core/deck.ts';
import { keyFor } from './core/keys.ts';
import { Model } from './core/model.ts';
import {
  type AppState,
  type LogLevel,
  type Overlay,
  openedWizard,
  type TableState,
  type Toast,
  tableOf,
} from './core/state.ts';
import { createStore, type Store } from './core/store.ts';
import { EMPTY_FIELD, pasteField, type TextField } from './core/text-field.ts';
import { refreshDetail } from './detail/detail.ts';
import { filterBy } from './filter.ts';
import { focusHome, focusNext, focusView, pageOf, settleCursor } from './focus.ts';
import { initialState } from './initial.ts';
import { contextOf, dispatch, type Keymap, keymapOf, perform } from './keymap.ts';
import { closeLocal, refreshLocal } from './local.ts';
import { tellNeeds } from './needs.ts';
import { followProcesses } from './processes/follow.ts';
import { settleSignal } from './signal/signal.ts';
import { cursorIndex, focusedPane, focusedView, shownRows } from './views/select.ts';
import { pasteIntoWizard } from './wizard/flow.ts';
import { settleRuns } from './wizard/run.ts';
import { updateWizard } from './wizard/state.ts';

const TOAST_MS: Record<LogLevel, number> = { info: 3000, done: 3000, error: 6000 };
const LOG_KEPT = 500;

/**
 * The console without a terminal: state, and everything a person can wish for. Keys come in, the state changes, the
 * front end draws it.
 */
export class Console implements Deck {
  readonly sampler: Sampler;
  readonly model: Model;
  readonly given: Resolved;
  readonly ports: Ports;
  readonly ascii: boolean;
  /** Where what is done is recorded. */
  readonly journal: string | undefined;
  /** The environment that operations run in. */
  readonly env: Env;
  readonly store: Store<AppState>;
  /** Everything that can be done, on the keys that hold. */
  readonly actions: readonly Action[];
  readonly #keymap: Keymap;
  readonly #writable: Resolved;

  constructor(options: {
    sampler: Sampler;
    resolved: Resolved;
    ports: Ports;
    size: AppState['size'];
    ascii?: boolean;
    journal?: string;
    env?: Env;
    /** With the keys of the settings; absent, with those that are usual. */
    actions?: readonly Action[];
  }) {
    this.sampler = options.sampler;
    this.given = options.resolved;
    this.#writable = writableOf(options.resolved);
    this.ports = options.ports;
    this.ascii = options.ascii ?? false;
    this.journal = options.journal;
    this.env = options.env ?? process.env;
    this.actions = options.actions ?? ACTIONS;
    this.#keymap = keymapOf(this.actions);
    this.model = new Model(this.sampler, this.given.thresholds, this.ports.wallClock);
    this.model.keyOf = (id) => keyFor(this, id);
    this.store = createStore(initialState(options.size));
    focusHome(this);
    // what follows from one answer is drawn once
    this.sampler.onEvent((event) => this.store.batch(() => this.#onSampler(event)));
  }

  get state(): AppState {
    return this.store.get();
  }

  get resolved(): Resolved {
    return armedFor(this) === undefined ? this.given : this.#writable;
  }

  get readOnly(): boolean {
    return this.resolved.readOnly;
  }

  get scopes(): readonly KeyScope[] {
    return CONTEXTS[contextOf(this.state)];
  }

  perform(action: Action): void {
    perform(this, action);
  }

  tellNeeds(): void {
    tellNeeds(this);
  }

  refreshRuns(changed = false): void {
    refreshLocal(this, changed);
  }

  /** Begins to watch. */
  start(): void {
    tellNeeds(this);
    this.sampler.start();
  }

  /** @param why for the record of what ends with it */
  async stop(why = 'pgdeck was left'): Promise<void> {
    disarm(this, why);
    await Promise.all([settleSignal(this), settleRuns(this)]);
    closeLocal(this);
    await this.sampler.stop();
  }

  /** One key, by its name: a character, or `up`, `enter`, `^C` … */
  key(name: string): void {
    if (!this.state.touched) this.store.set({ touched: true });
    dispatch(this, this.#keymap, name);
    tellNeeds(this);
    // a paused screen stays as it is
    if (!this.sampler.paused) followProcesses(this);
    refreshLocal(this);
  }

  /** Bracketed paste: goes into a text field, never to the keymap. */
  paste(text: string): void {
    const { overlay } = this.state;
    const wizard = openedWizard(this.state);
    if (wizard?.phase.step === 'form') pasteIntoWizard(this, text);
    // a name must be what it is, letter by letter
    if (wizard?.phase.step === 'confirm') this.setField(pasteField(wizard.phase.field, text));
    if (!overlay || !('field' in overlay)) return;
    // what is looked for is compared with cleaned text; a password is taken as it is
    const pasted = overlay.kind === 'password' ? text : cleanLine(text);
    this.setField(pasteField(overlay.field, pasted));
  }

  resize(columns: number, rows: number): void {
    const { size } = this.state;
    if (size.columns !== columns || size.rows !== rows) {
      const view = focusedPane(this.state);
      this.store.set({ size: { columns, rows } });
      focusView(this, view);
    }
    tellNeeds(this);
  }

  // --- wishes ---

  show(screen: string): void {
    this.store.set({ screen, pane: 0, zoomed: false, touched: false, overlay: undefined });
    focusHome(this);
  }

  focusPane(by: number): void {
    focusNext(this, by);
  }

  toggleZoom(): void {
    this.store.set({ zoomed: !this.state.zoomed });
  }

  open(overlay: Overlay | undefined): void {
    this.store.set({ overlay });
  }

  table(view: string, change: Partial<TableState>): void {
    const { tables } = this.state;
    this.store.set({ tables: { ...tables, [view]: { ...tableOf(this.state, view), ...change } } });
  }

  moveCursor(to: (index: number, last: number) => number): void {
    const view = focusedView(this.state);
    const { rows } = shownRows(view, this.model, this.state);
    if (rows.length === 0) return;
    const at = cursorIndex(view, rows, tableOf(this.state, view.id));
    const index = Math.min(rows.length - 1, Math.max(0, to(at, rows.length - 1)));
    this.table(view.id, { index, selected: view.identity(rows[index]) });
  }

  get page(): number {
    return pageOf(this);
  }

  setField(field: TextField): void {
    const { overlay } = this.state;
    const wizard = openedWizard(this.state);
    if (wizard?.phase.step === 'confirm')
      updateWizard(this, wizard.id, { phase: { ...wizard.phase, field } });
    if (!overlay || !('field' in overlay)) return;
    this.open('index' in overlay ? { ...overlay, field, index: 0 } : { ...overlay, field });
    if (overlay.kind === 'filter') filterBy(this, overlay.view, field.text);
  }

  copy(text: string, what: string): void {
    this.ports.copy(text);
    this.say(`${what} sent to the clipboard.`);
  }

  say(text: string, level: LogLevel = 'info', intervention = false, holds?: Toast['holds']): void {
    this.note(text, level, intervention);
    const until = this.sampler.now() + TOAST_MS[level];
    this.store.set({ toast: { text: cleanLine(text), level, until, holds } });
  }

  /** What was wrong before is answered by what was done since. */
  hush(): void {
    if (this.state.toast?.level === 'error') this.store.set({ toast: undefined });
  }

  /** Into the message log only: it stands on the screen already. */
  note(text: string, level: LogLevel, intervention: boolean): void {
    const entry = { at: this.ports.wallClock(), level, text: cleanLine(text), intervention };
    this.store.set({ log: [...this.state.log, entry].slice(-LOG_KEPT) });
  }

  /** Asks for a password on the screen; used by the connection when the server wants one. */
  askPassword(question: string): Promise<string | undefined> {
    this.#password?.(undefined);
    const { overlay } = this.state;
    // what is shown asked for it, and is what is gone on with
    if (overlay?.kind !== 'password')
      this.#behind = overlay?.kind === 'wizard' || overlay?.kind === 'servers' ? overlay : undefined;
    this.open({ kind: 'password', question, field: EMPTY_FIELD });
    return new Promise((resolve) => {
      this.#password = resolve;
    });
  }

  answerPassword(password: string | undefined): void {
    this.#password?.(password);
    this.#password = undefined;
    if (this.state.overlay?.kind === 'password') this.open(this.#behind);
  }
  #behind: Overlay | undefined;
  #password: ((password: string | undefined) => void) | undefined;

  #onSampler(event: SamplerEvent): void {
    if (event === 'data') followProcesses(this);
    if (event === 'data') this.model.observe();
    followAlerts(this, event);
    followArmed(this, event);
    if (event === 'clock') {
      refreshLocal(this);
      const { toast } = this.state;
      if (toast && this.sampler.now() >= toast.until) this.store.set({ toast: undefined });
      // ages on the screen grow only while nothing new comes
      const stalled = this.sampler.stalledFor ?? 0;
      if (this.sampler.link.state === 'away' || stalled > this.sampler.interval * 500) this.nextRound();
      return;
    }
    const { link } = this.sampler;
    if (event === 'link' && link.state === 'connected' && link.limited)
      this.say(
        `Everything goes over one connection. ${link.limited.message} ${link.limited.next ?? ''}`.trim(),
      );
    // asked for by hand while paused: the screen is of now
    if (event === 'data' && this.sampler.paused) this.store.set({ pausedAt: this.ports.wallClock() });
    this.nextRound();
    if (event === 'data') focusHome(this);
    if (event === 'data') settleCursor(this);
    if (event === 'data') refreshDetail(this);
    tellNeeds(this);
  }

  /** There is something new: what was computed before is stale. */
  nextRound(): void {
    this.store.set({ round: this.state.round + 1 });
  }
}
