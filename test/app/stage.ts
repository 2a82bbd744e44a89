import { expect } from 'vitest';
import { ACTIONS } from '../../src/app/actions/registry.ts';
import { Console } from '../../src/app/console.ts';
import type { Overlay } from '../../src/app/core/state.ts';
import { bindKeys } from '../../src/app/keys/bind.ts';
import { appSettings } from '../../src/config/app.ts';
import type { Resolved } from '../../src/config/profile.ts';
import { mergeRoutine } from '../../src/config/routine.ts';
import { placesOf } from '../../src/config/runs-on.ts';
import type { BackupSettings } from '../../src/config/settings.ts';
import { mergeIntervals } from '../../src/config/settings.ts';
import { mergeThresholds, type ThresholdOverrides } from '../../src/config/thresholds.ts';
import { summaryPoll } from '../../src/db/queries/activity.ts';
import { databasePoll } from '../../src/db/queries/database.ts';
import type { Target } from '../../src/db/target.ts';
import { journalDirectory } from '../../src/ops/engine/journal/runs.ts';
import { characters } from '../../src/text/width.ts';
import { Watching } from '../monitor/watching.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

type OverlayOf<Kind extends Overlay['kind']> = Extract<Overlay, { kind: Kind }>;

export interface StageOptions {
  readonly readOnly?: boolean;
  readonly ascii?: boolean;
  readonly size?: { readonly columns: number; readonly rows: number };
  readonly environment?: 'production' | 'staging';
  /** The profile that the server is of. */
  readonly profileName?: string;
  readonly thresholds?: ThresholdOverrides;
  /** The profile's settings of backups. */
  readonly backup?: BackupSettings;
  /** The environment of operations; with XDG_STATE_HOME in it, the journal is there. */
  readonly env?: Readonly<Record<string, string>>;
  /** The keys of the settings. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
}

/** A console without a terminal, on a real server, driven by keys. */
export class Stage {
  readonly watching: Watching;
  readonly deck: Console;
  readonly copied: string[] = [];
  exits = 0;
  suspended = 0;

  constructor(
    target: Target,
    {
      readOnly = false,
      ascii = false,
      size,
      environment,
      profileName,
      thresholds,
      backup = {},
      env = {},
      keys,
    }: StageOptions = {},
  ) {
    this.watching = new Watching(target);
    const resolved: Resolved = {
      name: 'shop',
      readOnly,
      target,
      thresholds: mergeThresholds(thresholds),
      backup,
      waivers: [],
      schema: {},
      runsOn: placesOf(),
      app: appSettings(),
      cleanup: [],
      routine: mergeRoutine(),
      notify: {},
      intervals: mergeIntervals(),
      describe: [],
      warnings: [],
      passwords: { get: async () => undefined, held: async () => undefined, refused: () => false },
      ...(environment && { environment }),
      ...(profileName && { profileName }),
    };
    const { actions, faults } = bindKeys(ACTIONS, keys);
    expect(faults).toEqual([]);
    this.deck = new Console({
      actions,
      sampler: this.watching.sampler,
      resolved,
      ascii,
      size: size ?? { columns: 120, rows: 40 },
      // nothing that is done is recorded with what the user of this machine has done
      env: { XDG_STATE_HOME: temporaryDirectory(), ...env },
      ...(env.XDG_STATE_HOME && { journal: journalDirectory(env, '') }),
      ports: {
        copy: (text) => this.copied.push(text),
        exit: () => this.exits++,
        suspend: () => this.suspended++,
        wallClock: () => Date.UTC(2026, 0, 2, 3, 4, 5),
      },
    });
  }

  /** Connects and waits for what the open screen shows. */
  async start(): Promise<this> {
    this.deck.start();
    await this.answered();
    return this;
  }

  async answered(): Promise<void> {
    await until(() => this.deck.sampler.link.state === 'connected', { what: 'a connection' });
    await this.watching.answered(summaryPoll, databasePoll);
  }

  /** One tick of the clock, and what the server answers. */
  async second(): Promise<void> {
    await this.watching.second();
  }

  /** Lets seconds pass until something is so. */
  async seconds<T>(condition: () => T, what: string): Promise<Exclude<T, undefined | null | false>> {
    return until(
      async () => {
        const value = condition();
        if (!value) await this.second();
        return value;
      },
      { what },
    );
  }

  keys(...names: string[]): void {
    for (const name of names) this.deck.key(name);
  }

  /** What somebody types, character by character. */
  type(text: string): void {
    for (const character of characters(text)) this.deck.key(character === ' ' ? 'space' : character);
  }

  /** Only the rows with these words. */
  filter(text: string): void {
    this.keys('/', '^U');
    this.type(text);
    this.keys('enter');
  }

  overlay<Kind extends Overlay['kind']>(kind: Kind): OverlayOf<Kind> {
    const { overlay } = this.deck.state;
    if (overlay?.kind !== kind) throw new Error(`${overlay?.kind ?? 'nothing'} is open, not ${kind}`);
    return overlay as OverlayOf<Kind>;
  }

  /** Waits until the dialog has come so far. */
  async dialog(step: OverlayOf<'signal'>['phase']['step']): Promise<OverlayOf<'signal'>['phase']> {
    return until(
      () => {
        const { phase } = this.overlay('signal');
        return phase.step === step && phase;
      },
      { what: `the dialog at ${step}` },
    );
  }

  /** Pids that the open question is about. */
  async asked(): Promise<number[]> {
    const phase = await this.dialog('ask');
    return phase.step === 'ask' ? phase.plan.victims.map(({ target }) => target.pid) : [];
  }

  stop(): Promise<void> {
    return this.deck.stop();
  }
}
