import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { GRACE_MS } from '../group.ts';
import type { TransferOptions } from '../host.ts';
import { cancelled, endedError } from '../watch.ts';
import type { There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import { Exchange } from './exchange.ts';
import { CUT, guardWord, type Hand, type HandEnd, LATE, startHand } from './hand.ts';
import { otherLength } from './input.ts';
import { outcome, whyLost } from './outcome.ts';
import { pieces } from './pieces.ts';
import { systemError } from './shell.ts';
import { Sum } from './sum.ts';
import type { Way } from './way.ts';

/** It reads until its input ends, and keeps its words meanwhile. */
const GUARD = 'cat; :';
const SILENT = { onStdout: () => {}, onStderr: () => {}, onFault: () => {} };
/** Milliseconds beyond the grace time that are left to the copy there. */
const SPARE_MS = 4_000;
/** As errors name it. */
const PROGRAM = 'dd';
/** What dd tells of its work. */
const COUNTS = /^(?:\d+\+\d+ records (?:in|out)|\d+ bytes .*copied.*)\n?/gm;

export interface HandOptions extends TransferOptions {
  /** Bytes of the file. */
  readonly size: number;
  /** What is reckoned by, as {@link Sum} takes it. */
  readonly key: string | undefined;
  /** Milliseconds without a byte there. */
  readonly stallMs: number;
}

/**
 * Copies an open regular file to a new one there, which gets it as its client's own input: nothing passes through us.
 * It is read here once more, behind what was reckoned over there. A second command, whose input is ours, is what tells
 * that we are still here; both start at once, and the copy begins when that one is there. What it is fulfilled with tells
 * whether it is the same there, and throws where this cannot be read; undefined where the other command came too late, and
 * nothing was made. Throws {@link CommandError}, and the system's error about the path.
 */
export async function handOver(
  { way, place }: There,
  file: FileHandle,
  to: string,
  { size, key, stallMs, signal, onProgress }: HandOptions,
): Promise<(() => Promise<boolean>) | undefined> {
  if (to.includes('\0')) throw new TypeError('A word of a command holds a NUL.');
  if (signal?.aborted) throw cancelled(PROGRAM);
  const token = randomBytes(16).toString('hex');
  const commands = [{ command: 'sh', args: ['-c', GUARD, 'sh', guardWord(token)] }];
  const guard = await Exchange.start(way, place, { commands }, SILENT);
  let hand: Hand | undefined;
  let why: 'cancelled' | 'stalled' | undefined;
  const timers: NodeJS.Timeout[] = [];
  // it has ended before that, unless its client says nothing any more
  const killLater = () => timers.push(setTimeout(() => hand?.kill(), GRACE_MS + SPARE_MS));
  const because = (reason: typeof why) => {
    why ??= reason;
    guard.leave();
    killLater();
  };
  const onAbort = () => because('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  let [lost, over] = [false, false];
  let [seen, stall] = ['', setTimeout(() => because('stalled'), stallMs)];
  const moved = (now: string) => {
    if (now !== seen) stall.refresh();
    seen = now;
  };
  /** Throws what became of the other command where it did not end as it was told to. */
  const guarded = async (stderr = '') =>
    outcome(await guard.ended, { way, programs: [PROGRAM], stderr }).then(() => {
      throw remoteErrors.lost({ program: PROGRAM, label: way.label, stderr });
    });
  try {
    if (signal?.aborted) onAbort();
    const same = comparison(file, size, key);
    hand = await startHand(
      way,
      file,
      { to, size, key, token },
      {
        onMoved: (bytes, reckoned) => {
          moved(`${bytes} ${reckoned}`);
          onProgress?.(Math.min(bytes, size));
        },
        onSum: same.add,
      },
    );
    void guard.ended.then(() => {
      if (over) return;
      lost = true;
      killLater();
      // the copy has not begun, and would wait for it
      if (seen === '') hand?.kill();
    });
    const ended = await hand.ended;
    const { stderr } = ended.client;
    if (why !== undefined) throw endedError(why, PROGRAM, stderr, { timeout: undefined, stallMs });
    if (ended.exitCode === 0) return same.all;
    if (ended.exitCode === LATE && !lost) return undefined;
    if (lost) await guarded(stderr);
    if ((await file.stat()).size !== size) throw otherLength();
    throw await failure(ended, way, to);
  } finally {
    over = true;
    for (const timer of [...timers, stall]) clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    guard.word('0');
  }
}

/** Compares what is reckoned there, part by part, with the file. */
function comparison(file: FileHandle, size: number, key: string | undefined) {
  let [at, parts, whole] = [0, 0, true];
  const compare = async (end: number, told: Parameters<Sum['is']>[0]) => {
    const sum = new Sum(key, parts++);
    for await (const piece of pieces(file, at, Math.min(end, size))) {
      sum.add(piece);
      at += piece.length;
    }
    whole &&= at === end && sum.is(told);
  };
  let last = Promise.resolve();
  return {
    add: (end: number, told: Parameters<Sum['is']>[0]) => {
      last = last.then(() => compare(end, told));
      // it is thrown where all is asked for
      last.catch(() => {});
    },
    /** Whether all of it is the same. */
    all: async () => {
      await last;
      if ((await file.stat()).size !== size) throw otherLength();
      return whole && at === size;
    },
  };
}

/** Why a copy failed that did not lose its guard. */
async function failure({ client, exitCode }: HandEnd, way: Way, to: string): Promise<Error> {
  const { stderr } = client;
  if (exitCode === CUT) return remoteErrors.cut({ path: to, label: way.label });
  if (exitCode !== undefined) return systemError(stderr.replaceAll(COUNTS, ''), to);
  const why = way.explain(client);
  if (why !== undefined) return why;
  await whyLost(way);
  return remoteErrors.lost({ program: PROGRAM, label: way.label, stderr });
}
