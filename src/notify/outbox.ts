import type { Channel } from './channel.ts';
import type { Clock } from './clock.ts';
import type { Address, ChannelState, GivenUp, Kept } from './delivery.ts';
import { Lane } from './lane.ts';
import type { Message } from './message.ts';

export type { Address, ChannelState, GivenUp, Kept } from './delivery.ts';

export interface OutboxOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly onGivenUp?: (lost: GivenUp) => void;
  /** What a channel gets waits from now on, and why; or, without a reason, no longer. */
  readonly onWaiting?: (label: string, reason?: string) => void;
  /** A message has arrived, or was given up. */
  readonly onSettled?: () => void;
}

/**
 * Brings messages to every channel, to each in their order, without anybody waiting for it. An attempt that fails is
 * made again after 1 s, 2 s and so on up to a minute; fifteen minutes after the first one the message is given up.
 * Every message arrives at least once: one whose answer was lost arrives again.
 */
export class Outbox {
  readonly #lanes: readonly Lane[];
  readonly #clock: Clock;

  constructor({
    channels,
    clock,
    onGivenUp = () => {},
    onWaiting = () => {},
    onSettled = () => {},
  }: OutboxOptions) {
    this.#clock = clock;
    this.#lanes = channels.map((channel) => new Lane(channel, clock, { onGivenUp, onWaiting, onSettled }));
  }

  /** Hands a message to every channel, and returns at once. */
  put(message: Message): void {
    for (const lane of this.#lanes) lane.put(message, 0);
  }

  /** Takes up what another one has left; answers what belongs to no channel of this one. */
  resume(kept: readonly Kept[]): Kept[] {
    return kept.filter(({ label, nth, message, tried_ms }) => {
      const lane = this.#lanes.filter((one) => one.label === label)[nth];
      lane?.put(message, tried_ms);
      return lane === undefined;
    });
  }

  /** Who is told, each by a name of its own. */
  get addresses(): readonly Address[] {
    return this.#lanes.map((_, at) => this.#address(at));
  }

  /** Messages that are on their way, over all channels. */
  get pending(): number {
    return this.#lanes.reduce((sum, { state }) => sum + state.pending, 0);
  }

  /** Messages that were given up, over all channels. */
  get givenUp(): number {
    return this.#lanes.reduce((sum, { state }) => sum + state.given_up, 0);
  }

  get states(): readonly ChannelState[] {
    return this.#lanes.map(({ state }) => state);
  }

  /**
   * Tries what is left at once, and on until everything has arrived or the time is up; then ends what is on its way.
   * Answers what has not arrived and was not given up.
   */
  async close(graceMs: number): Promise<Kept[]> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(graceMs, resolve);
    });
    for (const lane of this.#lanes) lane.hurry();
    await Promise.race([late, Promise.all(this.#lanes.map((lane) => lane.idle()))]);
    cancel();
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
    return this.kept;
  }

  /** What has not arrived yet. */
  get kept(): Kept[] {
    return this.#lanes.flatMap(({ waiting }, at) => waiting.map((one) => ({ ...this.#address(at), ...one })));
  }

  #address(at: number): Address {
    const label = this.#lanes[at]?.label ?? '';
    return { label, nth: this.#lanes.slice(0, at).filter((one) => one.label === label).length };
  }
}
