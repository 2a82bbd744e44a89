import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cleanLine } from '../../text/clean.ts';
import { environment } from '../environment.ts';
import { CommandError } from '../host.ts';
import type { ClientEnd, Way } from '../remote/way.ts';
import { type SshPlace, sshArguments } from './arguments.ts';
import { explainSsh } from './explain.ts';
import { Kept } from './kept.ts';
import { privateSocket } from './private.ts';

/** What ssh itself ends with; what it carried may do so, too. */
const SSH_FAILED = 255;
/** Milliseconds for the question which machine it is. */
const WHO_MS = 20_000;

/**
 * Which machine it is and since when it runs, as far as it says so: that of the kernel, and of the first process, which
 * in a container is younger. The third part of a stat line is counted from behind the name, which may hold blanks.
 */
const WHO =
  "cat /etc/machine-id /proc/sys/kernel/random/boot_id 2>/dev/null; sed 's/.*) //' /proc/1/stat 2>/dev/null | cut -d ' ' -f 20";

/** Commands on a machine that the user's own ssh reaches: one connection, and each command a channel of it. */
export class SshWay implements Way {
  readonly kind = 'ssh';
  readonly client = 'ssh';
  readonly label: string;
  readonly #place: SshPlace;
  readonly #master: Kept;
  #who: string | undefined;
  /** Of the connection over which that was asked last. */
  #asked: string | undefined;

  constructor(place: SshPlace) {
    this.label = `ssh ${cleanLine(place.destination)}`;
    this.#place = place;
    this.#master = new Kept(privateSocket, (socket) =>
      // whoever reads the user's own control sockets does not see ours, nor do we end with theirs
      sshArguments(place, ['-N', '-M', '-S', socket], { ControlMaster: 'yes', ControlPersist: 'no' }),
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
    const { reason, next } = explainSsh(stderr, this.#place);
    return new CommandError('gone', `The way to ${this.label} was lost: ${reason}. ${next}`, stderr);
  }

  /** Ends the connection, and with it what runs there over it. */
  close(): void {
    this.#master.close();
  }

  /** The control socket of a connection to the same machine as before. */
  async #connected(): Promise<string> {
    if (this.#master.state.state === 'down') this.#master.hurry();
    const state = await this.#master.settled();
    if (state.state !== 'up') {
      if (state.state === 'down' && state.error !== undefined) throw state.error;
      const { reason, next } = explainSsh(state.state === 'down' ? state.stderr : '', this.#place);
      throw new CommandError('gone', `${this.label} is down: ${reason}. ${next}`);
    }
    if (this.#asked !== state.socket) await this.#same(state.socket);
    return state.socket;
  }

  async #same(socket: string): Promise<void> {
    const { stdout } = await promisify(execFile)('ssh', [...this.#over(socket), WHO], {
      env: environment(),
      timeout: WHO_MS,
      killSignal: 'SIGKILL',
    }).catch(() => ({ stdout: '' }));
    const who = stdout.trim();
    if (this.#who && who !== '' && who !== this.#who)
      throw new CommandError(
        'gone',
        `${this.label} was started anew meanwhile, or it is another machine now. What was begun there is not gone on with.`,
      );
    this.#who ||= who;
    this.#asked = socket;
  }

  #over(socket: string): string[] {
    return sshArguments(this.#place, ['-S', socket], { ControlMaster: 'no' });
  }
}

/** One word of the shell there, whatever characters it holds. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
