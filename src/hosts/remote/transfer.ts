import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { Transfer, TransferOptions, Transferred } from '../host.ts';
import { carry, type There } from './carry.ts';
import { remoteErrors } from './errors.ts';
import { systemError } from './shell.ts';

/*
 * Writes a new file and tells what went into it; a copy that is cut is removed, also where we are gone meanwhile. The
 * output of `tee` goes into the sum, so that the file is read nowhere again; its code comes first.
 */
const TAKE = `umask 077
set -C
: >"$1" || exit
set +C
trap 'rm -f -- "$1"; exit 1' HUP INT TERM
if command -v sha256sum >/dev/null; then k=sha256 sum=sha256sum; else k=bytes sum='wc -c'; fi
s=$( { { tee -- "$1"; echo "$?" >&3; } | $sum; } 3>&1 )
set -- "$1" $s
[ "$2" = 0 ] || { rm -f -- "$1"; exit 1; }
echo "$k:$3"`;

/** {@link ../host.ts Host.transfer} of another place. */
export function transferThere(there: There): Transfer {
  const send = async (
    from: AsyncIterable<Uint8Array>,
    to: string,
    options: TransferOptions = {},
  ): Promise<Transferred> => {
    const hash = createHash('sha256');
    let bytes = 0;
    const counted = (async function* () {
      for await (const chunk of from) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
        options.onProgress?.(bytes);
      }
    })();
    const { exitCode, stdout, stderr } = await carry(
      there,
      { commands: [{ command: 'sh', args: ['-c', TAKE, 'sh', to] }] },
      { input: counted, signal: options.signal, env: { LC_ALL: 'C' } },
    );
    if (exitCode !== 0) throw systemError(stderr, to);
    const sha256 = hash.digest('hex');
    const [kind, value] = stdout.trim().split(':');
    if (value !== (kind === 'bytes' ? String(bytes) : sha256)) {
      await remove(there, to);
      throw remoteErrors.copy({ path: to, label: there.way.label });
    }
    return { bytes, sha256 };
  };
  return {
    send,
    put: (here, to, options) => send(createReadStream(here, { highWaterMark: 1 << 20 }), to, options),
    get: async (from, here, { signal, onProgress } = {}) => {
      const hash = createHash('sha256');
      let bytes = 0;
      const file = await open(here, 'wx+', 0o600);
      try {
        const { exitCode, stderr } = await carry(
          there,
          { commands: [{ command: 'cat', args: ['--', from] }] },
          {
            signal,
            env: { LC_ALL: 'C' },
            file,
            sink: (chunk) => {
              hash.update(chunk);
              bytes += chunk.length;
              onProgress?.(bytes);
            },
          },
        );
        if (exitCode !== 0) throw systemError(stderr, from);
        await file.close();
        return { bytes, sha256: hash.digest('hex') };
      } catch (error) {
        await file.close();
        await rm(here, { force: true });
        throw error;
      }
    },
  };
}

async function remove(there: There, path: string): Promise<void> {
  await carry(there, { commands: [{ command: 'rm', args: ['-f', '--', path] }] }, {});
}
