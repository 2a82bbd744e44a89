import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Transfer, TransferOptions, Transferred } from '../host.ts';
import { carry, type There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { CUT } from './hand.ts';
import { handOver } from './handed.ts';
import { FILE_UNIT, sendFile, sendStream } from './input.ts';
import { systemError } from './shell.ts';
import { keyFor, SUM, Sum } from './sum.ts';

/** Milliseconds: what altered the copy may hold this up, too. */
const REMOVE_MS = 10_000;
/** Milliseconds without a byte there: a copy that stands still fails, and nothing waits for it for ever. */
const STALL_MS = 300_000;

/*
 * Tells what went into a new file, which the wrapper writes: what came is read behind that, a part at a time, so that
 * reckoning does not hold it up. A copy that is cut is removed, also where we are gone meanwhile.
 */
const TAKE = `${SUM}
trap 'rm -f -- "$1"; exit ${CUT}' HUP INT TERM
read -r n || exit 1
s=$( { { at=0
    while read -r n; do
      [ "$n" != failed ] || exit 1
      dd if="$1" bs=${FILE_UNIT} skip="$at" count="$n" 2>/dev/null || exit 1
      at=$((at + n))
    done
    echo ok >&3
  } | reckon 1 "$2"; } 3>&1 )
set -- "$1" $s
[ "$2" = ok ] || { rm -f -- "$1"; exit 1; }
echo "$3"`;

/** {@link ../host.ts Host.transfer} of another place. */
export function transferThere(there: There): Omit<Transfer, 'verifiedBy'> {
  /** `send` sends all of it, with each part told to the hash. */
  const put = async (
    to: string,
    { signal, onProgress }: TransferOptions,
    send: (exchange: Exchange, see: (part: Uint8Array) => void) => Promise<void>,
  ): Promise<Transferred> => {
    const key = keyFor(there.place);
    const sum = new Sum(key);
    const see = (part: Uint8Array) => {
      sum.add(part);
      onProgress?.(sum.bytes);
    };
    const { exitCode, stdout, stderr } = await carry(
      there,
      { commands: [{ command: 'sh', args: ['-c', TAKE, 'sh', to, key ?? ''] }], into: to },
      { send: (exchange) => send(exchange, see), signal, stallMs: STALL_MS, env: { LC_ALL: 'C' } },
    );
    if (exitCode === CUT) throw remoteErrors.cut({ path: to, label: there.way.label });
    if (exitCode !== 0) throw systemError(stderr, to);
    const [kind = '', value = ''] = stdout.trim().split(':');
    if (!sum.is({ kind, value })) throw await notSame(to);
    return { bytes: sum.bytes };
  };
  const notSame = async (to: string) => {
    const removed = await remove(there, to).then(
      () => true,
      () => false,
    );
    return remoteErrors.copy({ path: to, label: there.way.label, removed });
  };
  const hand = async (file: FileHandle, size: number, to: string, options: TransferOptions) => {
    const more = { ...options, size, key: keyFor(there.place), stallMs: STALL_MS };
    const same = await handOver(there, file, to, more);
    if (same === undefined) return undefined;
    try {
      if (await same()) {
        options.onProgress?.(size);
        return { bytes: size };
      }
    } catch (error) {
      await remove(there, to).catch(() => {});
      throw error;
    }
    throw await notSame(to);
  };
  return {
    send: (from, to, options = {}) =>
      put(to, options, (exchange, see) => sendStream(exchange, from, { file: true, see })),
    put: async (here, to, options = {}) => {
      const file = await open(here);
      try {
        const stat = await file.stat();
        const regular = stat.isFile();
        if (regular && stat.size >= (there.way.handsOver ?? Number.POSITIVE_INFINITY)) {
          const done = await hand(file, stat.size, to, options);
          if (done !== undefined) return done;
        }
        return await put(to, options, (exchange, see) =>
          regular
            ? sendFile(exchange, file, see)
            : sendStream(exchange, file.createReadStream({ autoClose: false }), { file: true, see }),
        );
      } finally {
        await file.close();
      }
    },
    get: async (from, here, { signal, onProgress } = {}) => {
      let bytes = 0;
      const file = await open(here, 'wx+', 0o600);
      try {
        const { exitCode, stderr } = await carry(
          there,
          { commands: [{ command: 'cat', args: ['--', from] }], from },
          {
            signal,
            stallMs: STALL_MS,
            env: { LC_ALL: 'C' },
            file,
            sink: (chunk) => {
              bytes += chunk.length;
              onProgress?.(bytes);
            },
          },
        );
        if (exitCode !== 0) throw systemError(stderr, from);
        await file.close();
        return { bytes };
      } catch (error) {
        await file.close();
        await rm(here, { force: true });
        throw error;
      }
    },
  };
}

async function remove(there: There, path: string): Promise<void> {
  await carry(there, { commands: [{ command: 'rm', args: ['-f', '--', path] }] }, { timeout: REMOVE_MS });
}
