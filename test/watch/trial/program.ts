import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.ts';
import type { Stage } from './stage.ts';

/** What is shipped. */
const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

/** `pgdeck watch` as it runs, with what it says. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #said = '';

  constructor(
    { home, settings }: Stage,
    profile: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#child = spawn(process.execPath, [MAIN, '--profile', profile, 'watch', ...args], {
      env: {
        ...{ PATH: process.env.PATH, HOME: home, TZ: 'UTC', LC_ALL: 'C.UTF-8', PGDECK_CONFIG: settings },
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk) => {
        this.#said += chunk;
      });
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  get said(): string {
    return this.#said;
  }

  says(what: RegExp): Promise<RegExpExecArray> {
    return until(() => what.exec(this.#said), { what: `${what} in ${this.#said}`, timeout: 30_000 });
  }

  /** Answers its exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }
}
