import type { Thresholds } from '../../config/thresholds.ts';
import { type Assessment, assess, type Judged } from '../../health/assess.ts';
import type { Severity } from '../../health/finding.ts';
import type { Level } from '../../health/level.ts';
import { Memory } from '../../health/memory.ts';
import type { Outside } from '../../health/outside.ts';
import { CHECKS, countsOf } from '../../health/registry.ts';
import type { Waiver } from '../../health/waivers.ts';
import { DATABASE_SIZES } from '../../monitor/derived/sizes.ts';
import { type Facts, Figures } from '../../monitor/figures.ts';
import type { Tone } from '../../text/line.ts';
import type { FleetRow } from '../fleet/row.ts';
import type { SessionProcesses } from '../processes/figures.ts';
import type { RunRow } from '../runs/read.ts';
import type { RoutineRow } from '../runs/routine-row.ts';
import type { Shown, Sort } from './rows.ts';

/** What a view showed when it was last computed, and from what. */
interface Memo {
  readonly filter: string;
  readonly sort: Sort;
  readonly open: ReadonlySet<string>;
  readonly round: number;
  readonly apart: boolean;
  readonly database: string | undefined;
  readonly shown: Shown;
}

const NOT_YET = { unknown: 'It was not looked for yet.' };
/** Nothing was looked for yet. */
export const NOT_LOOKED: Outside = {
  now: Number.NaN,
  backups: NOT_YET,
  remote: NOT_YET,
  jobs: NOT_YET,
  volumes: NOT_YET,
  drift: NOT_YET,
  memory: NOT_YET,
  log: NOT_YET,
};

/** The facts every view is computed from: what was read, what follows from several readings, and what pgdeck has done. */
export class Model extends Figures {
  readonly thresholds: Thresholds;
  /** What pgdeck has done, from its journal. */
  runs: readonly RunRow[] = [];
  /** What is done again and again, and how it stands. */
  routine: readonly RoutineRow[] = [];
  /** The key that an action is on, for what rows say of it; where there are no keys, none. */
  keyOf: (action: string) => string | undefined = () => undefined;
  /** The servers of the profiles, where they are looked at. */
  fleet: readonly FleetRow[] = [];
  /** What sessions take of this machine, once somebody has looked. */
  processes: SessionProcesses | undefined;
  readonly #clock: () => number;
  #outside: Outside = NOT_LOOKED;
  #waivers: readonly Waiver[] = [];
  /** By view: computed once per round of the sampler and setting of the table. */
  readonly shown = new Map<string, Memo>();
  #health: Assessment | undefined;
  readonly #judged = new Memory<Judged>();

  /** @param clock ms since 1970 */
  constructor(facts: Facts, thresholds: Thresholds, clock: () => number = Date.now) {
    super(facts, [...countsOf(CHECKS), DATABASE_SIZES]);
    this.thresholds = thresholds;
    this.#clock = clock;
  }

  /** What is not the server's to tell: backups, jobs, file systems. */
  set outside(outside: Outside) {
    this.#outside = outside;
    this.#health = undefined;
  }

  get outside(): Outside {
    return this.#outside;
  }

  /** When that was looked for last, in ms since 1970; NaN: never. */
  get outsideAt(): number {
    return this.#outside.now;
  }

  /** What somebody lives with, as the profile has it. */
  set waivers(waivers: readonly Waiver[]) {
    this.#waivers = waivers;
    this.#judged.clear();
    this.#health = undefined;
  }

  override observe(): void {
    super.observe();
    this.#health = undefined;
  }

  /** The judgement on what was read last; undefined while there is no server. */
  get health(): Assessment | undefined {
    const { server, thresholds } = this;
    if (server === undefined) return undefined;
    const outside = { ...this.#outside, now: this.#clock() };
    this.#health ??= assess(
      { figures: this, server, thresholds, outside },
      { waivers: this.#waivers, memory: this.#judged },
    );
    return this.#health;
  }
}

/** The level that a finding of a severity is shown as. */
export const SEVERITY_LEVEL: Readonly<Record<Severity, Level>> = {
  info: 'normal',
  warning: 'warn',
  alert: 'alert',
  critical: 'critical',
};

/** The tone that a level is shown in. */
export const LEVEL_TONE: Readonly<Record<Level, Tone | undefined>> = {
  normal: undefined,
  warn: 'warn',
  alert: 'alert',
  critical: 'critical',
};

/** A value with the mark of its level, which says the same without colour. */
export function marked(level: Level, text: string): string {
  return `${LEVEL_MARK[level]}${text}`;
}

/** The same with the mark at the end, where the value is not one of a column. */
export function markedBehind(level: Level, text: string): string {
  return `${text}${LEVEL_MARK[level]}`;
}

const LEVEL_MARK: Readonly<Record<Level, string>> = {
  normal: '',
  warn: '!',
  alert: '!!',
  critical: '!!!',
};
