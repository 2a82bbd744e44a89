import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { Transfer, TransferOptions, Transferred } from '../host.ts';
import { carry, type There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { FILE_UNIT, sendFile, sendStream } from './input.ts';
import { systemError } from './shell.ts';
import { SUM } from './sum.ts';

/** Milliseconds: what altered the copy may hold this up, too. */
const REMOVE_MS = 10_000;
/** What {@link TAKE} ends with when what it takes is cut; nobody has said why then. */
const CUT = 75;

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
  } | reckon 1; } 3>&1 )
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
    const hash = createHash('sha256');
    let bytes = 0;
    const see = (part: Uint8Array) => {
      hash.update(part);
      bytes += part.length;
      onProgress?.(bytes);
    };
    const { exitCode, stdout, stderr } = await carry(
      there,
      { commands: [{ command: 'sh', args: ['-c', TAKE, 'sh', to] }], into: to },
      { send: (exchange) => send(exchange, see), signal, env: { LC_ALL: 'C' } },
    );
    if (exitCode === CUT) throw remoteErrors.cut({ path: to, label: there.way.label });
    if (exitCode !== 0) throw systemError(stderr, to);
    const sha256 = hash.digest('hex');
    const [kind, value] = stdout.trim().split(':');
    if (value !== (kind === 'bytes' ? String(bytes) : sha256)) {
      const removed = await remove(there, to).then(
        () => true,
        () => false,
      );
      throw remoteErrors.copy({ path: to, label: there.way.label, removed });
    }
    return { bytes, sha256 };
  };
  return {
    send: (from, to, options = {}) =>
      put(to, options, (exchange, see) => sendStream(exchange, from, { file: true, see })),
    put: async (here, to, options = {}) => {
      const file = await open(here);
      try {
        const regular = (await file.stat()).isFile();
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
      let arrived: Transferred = { bytes, sha256: '' };
      const file = await open(here, 'wx+', 0o600);
      try {
        const { exitCode, stderr } = await carry(
          there,
          { commands: [{ command: 'cat', args: ['--', from] }], from },
          {
            signal,
            env: { LC_ALL: 'C' },
            file,
            sink: (chunk) => {
              bytes += chunk.length;
              onProgress?.(bytes);
            },
            onArrived: (all) => {
              arrived = all;
            },
          },
        );
        if (exitCode !== 0) throw systemError(stderr, from);
        await file.close();
        return arrived;
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
