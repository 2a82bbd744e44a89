import type { Thresholds } from '../config/thresholds.ts';
import type { Level } from '../health/level.ts';
import { ReplicationLag } from '../monitor/derived/lag.ts';
import { StatementRates } from '../monitor/derived/statement-rates.ts';
import { Vitals } from '../monitor/derived/vitals.ts';
import type { PartName, RowsOf } from '../monitor/polls.ts';
import type { Sampler } from '../monitor/sampler.ts';
import type { Part } from '../monitor/snapshot.ts';
import type { Tone } from '../text/line.ts';

/** The facts every view is computed from: what was read, and what follows from several readings. */
export class Model {
  readonly sampler: Sampler;
  readonly thresholds: Thresholds;
  readonly vitals = new Vitals();
  readonly lag = new ReplicationLag();
  readonly statementRates = new StatementRates();

  constructor(sampler: Sampler, thresholds: Thresholds) {
    this.sampler = sampler;
    this.thresholds = thresholds;
  }

  /** Takes in what the sampler has read; called once per round, before anything is shown. */
  observe(): void {
    this.vitals.observe(this.sampler);
    const position = this.sampler.part('walPosition').rows[0];
    this.lag.observe(position);
    if (position) this.statementRates.observe(this.sampler.part('statements').rows, position.server_ms);
  }

  part<P extends PartName>(name: P): Part<RowsOf[P]> {
    return this.sampler.part(name);
  }

  rows<P extends PartName>(name: P): readonly RowsOf[P][] {
    return this.sampler.part(name).rows;
  }
}

/** The tone that a level is shown in. */
export const LEVEL_TONE: Readonly<Record<Level, Tone | undefined>> = {
  normal: undefined,
  warn: 'warn',
  alert: 'alert',
  critical: 'critical',
};

/** The mark that says the same without colour. */
export const LEVEL_MARK: Readonly<Record<Level, string>> = {
  normal: '',
  warn: '!',
  alert: '!!',
  critical: '!!!',
};
