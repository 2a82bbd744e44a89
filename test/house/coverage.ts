import { setTimeout as delay } from 'node:timers/promises';

export interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** A function has run; being loaded, which is the first function of each script, is no answer to anything. */
function ran({ ranges: [whole] }: Script['functions'][number]): boolean {
  return whole !== undefined && whole.startOffset > 0 && whole.count > 0;
}

/** Those of a program that was built file by file, from `src/` on. */
export function filesThatRan(scripts: readonly Script[]): string[] {
  const those = scripts.filter(({ functions }) => functions.some(ran));
  return those.flatMap(({ url }) => /\/built\/(src\/.+)\.js$/.exec(url)?.[1] ?? []).sort();
}

/** What a program runs, asked over its inspector. */
export class Coverage {
  readonly #socket: WebSocket;
  #id = 0;
  readonly #answers = new Map<number, (result: unknown) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (id !== undefined) this.#answers.get(id)?.(result);
    });
  }

  /** Connects to the inspector of a program that was started with `--inspect=PORT`. */
  static async of(port: number): Promise<Coverage> {
    const url = await inspectorUrl(port);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const coverage = new Coverage(socket);
    await coverage.#ask('Profiler.enable');
    await coverage.#ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return coverage;
  }

  /** The files that have run a function since this was asked last, from `src/` on. */
  async files(): Promise<string[]> {
    const { result } = (await this.#ask('Profiler.takePreciseCoverage')) as { result: Script[] };
    return filesThatRan(result);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#id;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }
}

async function inspectorUrl(port: number): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
        webSocketDebuggerUrl: string;
      }[];
      if (target) return target.webSocketDebuggerUrl;
    } catch {
      // it is not up yet
    }
    await delay(50);
  }
  throw new Error(`Nothing answers on the inspector's port ${port}.`);
}
