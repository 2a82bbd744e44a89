import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Expected } from './stand-in.ts';

/** A part of one of the two streams of a command, as the daemon sends it. */
const frame = (kind: number, bytes: Buffer) => {
  const head = Buffer.alloc(8);
  head[0] = kind;
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
};

/** What becomes of what a daemon sends. */
interface DaemonFault extends Expected {
  /** The answer to the start of a command, instead of its streams. */
  readonly answers?: string;
  /** What is sent for a part, `at` bytes into its stream; nothing more of that stream where it is undefined. */
  readonly sends?: (part: Buffer, kind: number, at: number) => readonly Buffer[] | undefined;
  /** It closes when nothing more of a stream is sent, or when the command has ended: never otherwise. */
  readonly closes?: boolean;
}

const stdout = (change: (part: Buffer, at: number) => readonly Buffer[] | undefined) => ({
  sends: (part: Buffer, kind: number, at: number) => (kind === 1 ? change(part, at) : [frame(kind, part)]),
});

/** What a daemon may do to the streams of a command. */
export const DAEMON_FAULTS = {
  none: { run: 'believed' },
  'each byte is a part of its own, in pieces': {
    sends: (part, kind, at) =>
      at > 2_000
        ? [frame(kind, part)]
        : [...part].flatMap((byte) => {
            const whole = frame(kind, Buffer.of(byte));
            return [whole.subarray(0, 3), whole.subarray(3)];
          }),
    run: 'believed',
  },
  'parts of nothing': {
    sends: (part, kind) => [frame(kind, Buffer.alloc(0)), frame(kind, part)],
    run: 'believed',
  },
  'what comes after the second MB is lost': {
    ...stdout((part, at) => (at < 2_000_000 ? [frame(1, part)] : [])),
    run: 'transfer',
    get: 'transfer',
  },
  'a byte is another': {
    ...stdout((part, at) => {
      const other = Buffer.from(part);
      if (at === 0) other[0] = (other[0] ?? 0) ^ 1;
      return [frame(1, other)];
    }),
    run: 'transfer',
    get: 'transfer',
  },
  'its own words on stdout': {
    ...stdout((part, at) =>
      at === 0 ? [frame(1, Buffer.from('WARNING\n')), frame(1, part)] : [frame(1, part)],
    ),
    run: 'transfer',
    get: 'transfer',
  },
  'its own words on stderr': {
    sends: (part, kind) => [frame(2, Buffer.from('WARNING: no swap limit support\n')), frame(kind, part)],
    run: 'believed',
  },
  'stderr is lost': {
    sends: (part, kind) => (kind === 2 ? [] : [frame(kind, part)]),
    run: 'gone',
    get: 'gone',
  },
  'no part at all': { ...stdout((part) => [part]), run: 'gone', get: 'gone' },
  'a kind that is none': { ...stdout((part) => [frame(3, part)]), run: 'gone', get: 'gone' },
  'closed in the middle': {
    ...stdout((part, at) => (at < 1_000_000 ? [frame(1, part)] : undefined)),
    closes: true,
    run: 'gone',
    get: 'gone',
  },
  'never closed': { closes: false, run: 'believed' },
  'stops in the middle': {
    ...stdout((part, at) => (at < 1_000_000 ? [frame(1, part)] : undefined)),
    closes: false,
    run: 'stops',
  },
  'the command is not begun': {
    answers: 'HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n',
    run: 'believed',
  },
  'no answer that is one': { answers: 'pardon?\r\n\r\n', run: 'believed' },
} as const satisfies Readonly<Record<string, DaemonFault>>;

/** A daemon that this process's docker would ask, whose containers are this machine. */
export interface StandInDaemon {
  set(fault: keyof typeof DAEMON_FAULTS): void;
  /** It takes connections and says nothing any more; what is fulfilled when somebody has asked it something. */
  hush(): Promise<void>;
  /** How many commands it began. */
  readonly begun: number;
  remove(): Promise<void>;
}

/** Starts one on a socket of its own, and lets DOCKER_HOST name it. */
export async function standInDaemon(): Promise<StandInDaemon> {
  const directory = await mkdtemp(join(tmpdir(), 'pgdeck-daemon-stand-in-'));
  const path = join(directory, 'docker.sock');
  const before = process.env.DOCKER_HOST;
  const commands = new Map<string, readonly string[]>();
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  let fault: DaemonFault = DAEMON_FAULTS.none;
  let begun = 0;
  let hushed: (() => void) | undefined;

  const start = (socket: Socket, words: readonly string[]) => {
    const [command = '', ...args] = words;
    if (fault.answers !== undefined) {
      socket.end(fault.answers);
      return;
    }
    begun++;
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    const child = spawn(command, args, { stdio: 'pipe' });
    children.add(child);
    socket.pipe(child.stdin);
    child.stdin.on('error', () => {});
    const { sends = (part: Buffer, kind: number) => [frame(kind, part)], closes = true } = fault;
    for (const [kind, stream] of [
      [1, child.stdout],
      [2, child.stderr],
    ] as const) {
      let at = 0;
      let over = false;
      stream.on('data', (part: Buffer) => {
        const sent = over ? undefined : sends(part, kind, at);
        at += part.length;
        over ||= sent === undefined;
        for (const bytes of sent ?? []) socket.write(bytes);
        if (!over) return;
        if (closes) socket.destroy();
        else stream.pause();
      });
    }
    child.once('close', () => {
      children.delete(child);
      if (closes) socket.end();
    });
  };

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    let text = '';
    const ask = (chunk: Buffer) => {
      hushed?.();
      if (hushed !== undefined) return;
      text += chunk.toString('latin1');
      const [, head = '', body = ''] = /^([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
      if (head === '' || body.length < Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)) return;
      const [, exec] = /^POST \/exec\/([0-9a-f]+)\/start /.exec(head) ?? [];
      if (exec !== undefined) {
        socket.off('data', ask);
        start(socket, commands.get(exec) ?? []);
        return;
      }
      const id = commands.size.toString(16).padStart(64, '0');
      if (head.startsWith('POST /containers/')) commands.set(id, JSON.parse(body).Cmd);
      const answer = JSON.stringify(head.startsWith('POST') ? { Id: id } : { ExitCode: 0 });
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\nConnection: close\r\n\r\n${answer}`);
    };
    socket.on('data', ask);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  process.env.DOCKER_HOST = `unix://${path}`;
  return {
    set: (one) => {
      fault = DAEMON_FAULTS[one];
      hushed = undefined;
    },
    hush: () =>
      new Promise((resolve) => {
        hushed = resolve;
      }),
    get begun() {
      return begun;
    },
    remove: async () => {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
      for (const child of children) child.kill('SIGKILL');
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
