import { PassThrough } from 'node:stream';

/** The part of a terminal's input that Ink uses. */
export class Keyboard extends PassThrough {
  readonly isTTY = true;
  setRawMode(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
