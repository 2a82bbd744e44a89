import { DbError } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { Kept, type KeptState } from '../kept.ts';
import { type SshPlace, sshArguments } from './arguments.ts';
import { explainSsh } from './explain.ts';
import { onSocket } from './private.ts';

/** The server as it is reached from the other end. */
export interface Beyond {
  /** A name, an address, or the directory of a socket. */
  readonly host: string;
  readonly port: number;
}

/** What ssh says when a connection could not be opened at the other end: why, in the words of the machine there. */
const NOT_OPENED = /channel \d+: open failed: ([^\r\n]*)/g;

/** However many want a connection, an ssh that ended is not started more often than this. */
const LEAST_PAUSE_MS = 1_000;

/**
 * The way to a server through `ssh -L`. What is forwarded on this side is a socket in a directory that only this user may
 * enter, not a port: a port of 127.0.0.1 is everybody's on this machine, and behind it stands whatever trusts its own
 * host. It is a connection of its own beside that of the commands, so that neither takes the other along.
 */
export class Tunnel implements Route {
  readonly label: string;
  readonly #place: SshPlace;
  readonly #beyond: Beyond;
  readonly #kept: Kept<string>;

  constructor(place: SshPlace, beyond: Beyond) {
    this.label = `ssh ${cleanLine(place.destination)}`;
    this.#place = place;
    this.#beyond = beyond;
    this.#kept = new Kept(() =>
      onSocket((socket) =>
        sshArguments(place, ['-N', '-S', 'none', '-L', `${socket}:${addressOf(beyond)}`], {
          ControlMaster: 'no',
          ExitOnForwardFailure: 'yes',
          // at less it does not say what could not be opened there
          LogLevel: 'INFO',
          StreamLocalBindMask: '0177',
        }),
      ),
    );
  }

  get state(): KeptState<string> {
    return this.#kept.state;
  }

  async open(): Promise<string> {
    // the console counts down to its own attempt, and a person may ask for one: that is one of the ssh, too
    this.#kept.hurry(LEAST_PAUSE_MS);
    const state = await this.#kept.settled();
    if (state.state === 'up') return state.at;
    throw this.#down(state);
  }

  async explain(error: DbError): Promise<DbError | undefined> {
    if (error.kind !== 'lost' && error.kind !== 'unreachable') return undefined;
    // the connection ends a moment before the ssh that carried it
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { state } = this.#kept;
    if (state.state !== 'up') return state.state === 'down' ? this.#down(state) : undefined;
    const [, why = ''] = [...this.#kept.said.matchAll(NOT_OPENED)].at(-1) ?? [];
    if (why === '') return undefined;
    const { host, port } = this.#beyond;
    const at = host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`;
    if (/prohibited/.test(why))
      return new DbError('unreachable', `${this.label} does not let connections through to ${at}.`, {
        next: 'AllowTcpForwarding and PermitOpen of its sshd, and permitopen of the key, say what may be reached.',
        cause: error,
      });
    return new DbError(
      'unreachable',
      `${this.label} is there, but nothing accepts connections at ${at} from it (${cleanLine(why.replace(/^connect failed: /, ''))}).`,
      {
        next: 'Check that PostgreSQL runs there, and host and port in runs_on of the profile.',
        cause: error,
      },
    );
  }

  async close(): Promise<void> {
    this.#kept.close();
  }

  #down(state: KeptState<string>): DbError {
    if (state.state !== 'down')
      return new DbError('unreachable', `The tunnel through ${this.label} is closed.`);
    const { stderr, error } = state;
    if (error !== undefined) return new DbError('unreachable', error.message, { cause: error });
    const { reason, next } = explainSsh(stderr, this.#place);
    return new DbError('unreachable', `${this.label} is down: ${reason}.`, { next });
  }
}

/** As `-L` takes it: IPv6 in brackets, a socket by its path. */
function addressOf({ host, port }: Beyond): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
