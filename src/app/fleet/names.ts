import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { dbError } from '../../db/errors.ts';

/** Names that are looked up at the same time. */
const AT_ONCE = 2;

/**
 * Looks names of hosts up before somebody connects to them, few at a time: each takes one of the four threads that files are
 * read by, too, for as long as a resolver that does not answer lets it wait.
 */
export class Names {
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  /** Resolves once the name is known, at once for an address or a socket. Throws DbError for one that is not. */
  async find(host: string): Promise<void> {
    if (host.startsWith('/') || host === 'localhost' || isIP(host) !== 0) return;
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await lookup(host);
    } catch (error) {
      throw dbError(error);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
