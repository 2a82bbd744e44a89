import { cleanLine } from '../../text/clean.ts';
import { CommandError } from '../host.ts';
import { Kept } from '../kept.ts';
import { quote } from '../remote/quote.ts';
import type { ClientEnd, Way } from '../remote/way.ts';
import { type SshPlace, sshArguments } from './arguments.ts';
import { fastCiphers } from './ciphers.ts';
import { explainSsh } from './explain.ts';
import { onSocket } from './private.ts';

/** What ssh itself ends with; what it carried may do so, too. */
const SSH_FAILED = 255;
/** Commands on a machine that the user's own ssh reaches: one connection, and each command a channel of it. */
export class SshWay implements Way {
  readonly kind = 'ssh';
  readonly client = 'ssh';
  readonly label: string;
  /** How a person begins a command there: ssh hands what follows to a shell, which reads it again. */
  readonly typed: { readonly words: readonly string[]; readonly again: true };
  readonly #place: SshPlace;
  readonly #master: Kept<string>;
  /** Asked once. */
  #ciphers: Promise<string | undefined> | undefined;
  #own: Readonly<Record<string, string>> = {};

  constructor(place: SshPlace) {
    this.label = `ssh ${cleanLine(place.destination)}`;
    this.typed = {
      words: ['ssh', ...(place.config === undefined ? [] : ['-F', place.config]), place.destination],
      again: true,
    };
    this.#place = place;
    this.#master = new Kept(() =>
      onSocket((socket) =>
        // no -M: a second one means that each command is asked for
        // whoever reads the user's own control sockets does not see ours, nor do we end with theirs
        sshArguments(place, ['-N', '-S', socket], {
          ControlMaster: 'yes',
          ControlPersist: 'no',
          ...this.#own,
        }),
      ),
    );
  }

  async argv(words: readonly string[]): Promise<readonly [string, ...string[]]> {
    const socket = await this.#connected();
    return ['ssh', ...this.#over(socket), words.map(quote).join(' ')];
  }

  async check(): Promise<void> {
    await this.#connected();
  }

  explain({ exitCode, signal, stderr }: ClientEnd): CommandError | undefined {
    if (exitCode !== SSH_FAILED && signal === undefined) return undefined;
    const { kind, reason, next } = explainSsh(stderr, this.#place);
    // what else is said there may be the program's own
    const why = kind === 'other' ? 'the connection broke' : reason;
    return new CommandError('gone', `The way to ${this.label} was lost: ${why}. ${next}`, stderr);
  }

  /** Ends the connection, and with it what runs there over it. */
  close(): void {
    this.#master.close();
  }

  /** The control socket of the connection, which is made anew where it was lost: whoever is met there is looked at by the command. */
  async #connected(): Promise<string> {
    this.#ciphers ??= fastCiphers(this.#place);
    const ciphers = await this.#ciphers;
    if (ciphers !== undefined) this.#own = { Ciphers: ciphers };
    if (this.#master.state.state === 'down') this.#master.hurry();
    const state = await this.#master.settled();
    if (state.state !== 'up') {
      if (state.state === 'down' && state.error !== undefined) throw state.error;
      const { reason, next } = explainSsh(state.state === 'down' ? state.stderr : '', this.#place);
      throw new CommandError('gone', `${this.label} is down: ${reason}. ${next}`);
    }
    return state.at;
  }

  #over(socket: string): string[] {
    return sshArguments(this.#place, ['-S', socket], { ControlMaster: 'no' });
  }
}
