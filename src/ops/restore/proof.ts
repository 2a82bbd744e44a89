import { DbError } from '../../db/errors.ts';
import { unknownBytes } from '../archive/bytes/bytes.ts';
import { Damage, Untried } from '../archive/bytes/errors.ts';
import { decodeArchive } from '../archive/decode.ts';
import { isDamage } from '../archive/verify.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import { OpError, sentenceOf } from '../error.ts';
import type { Reader } from '../programs/programs.ts';
import type { Verification } from '../repository/manifest.ts';
import type { Backup } from '../repository/repository.ts';
import { proofErrors, restoreErrors } from './errors.ts';
import { firstError, remedyFor, speaksAgainst } from './proof/blame.ts';
import { type Examined, examine } from './proof/examine.ts';
import type { ProvingServer, Reached } from './proof/proving-server.ts';
import { besideServer } from './proof/same-server.ts';
import { throwawayServer } from './proof/throwaway.ts';

/**
 * Restores a backup where it does no harm and compares it with its manifest: into a throwaway server of the same major
 * version, without a TCP port, where this machine has its programs and extensions; else into a temporary database on
 * the context's server, which is removed afterwards. Its bytes are compared with their checksums before.
 *
 * That it does not restore is an answer with `ok: false`. Throws {@link Untried} where that cannot be told, for a reason
 * that is not the backup's; {@link OpError} for what nobody can restore, and when it is cancelled. `reader` is
 * what can read it.
 */
export async function proveRestorable(
  io: StepIo,
  context: OpContext,
  reader: Reader | undefined,
  backup: Backup,
): Promise<Verification> {
  const answer = (ok: boolean, detail: string): Verification => ({
    level: 'restore',
    at: context.now().toISOString(),
    ok,
    detail,
  });
  if (backup.scope === 'data_only') throw restoreErrors.rowsOnly({ id: backup.id });
  try {
    const examined = await examine(io, reader, backup);
    const place = await placeFor(io, context, examined);
    const started = performance.now();
    return await place.use(async (reached) => {
      const { name, load, compare } = reached;
      io.line(`Restoring into ${name}.`);
      const failure = await failureOf(io, () => load(io));
      if (failure !== undefined) {
        const cause = await causeOf(io, reader, backup, failure);
        if (!speaksAgainst(cause, { scope: backup.scope, differs: reached.differs }))
          throw untried(backup, reached, failure);
        const more = cause === failure.message ? '' : ` ${cause}`;
        return answer(false, `It does not restore into ${name}: ${failure.message}${more}`);
      }
      const { ok, detail } = await compare(io);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      return answer(ok, ok ? `Restored into ${name} in ${seconds} s: ${detail}` : detail);
    });
  } catch (error) {
    if (io.signal.aborted || error instanceof Untried) throw error;
    if (error instanceof OpError && error.kind !== 'failed') throw error;
    // nothing but its own bytes, read by themselves, speaks against it here
    if (error instanceof Damage) return answer(false, error.message);
    if (error instanceof OpError && isDamage(error) && unknownBytes(backup) !== undefined)
      return answer(false, error.message);
    const [why, next] = [sentenceOf(error), remedyFor(String(error))];
    throw proofErrors.notTried({ id: backup.id, why, next }, error);
  }
}

/**
 * What made the load fail. When one of several processes of pg_restore dies, the others may tell no more than that: one
 * alone, which reads the archive to its end without a server, tells why.
 */
async function causeOf(
  io: StepIo,
  reader: Reader | undefined,
  { kind, archive: path }: Backup,
  { message }: OpError,
): Promise<string> {
  if (!/worker process died/.test(firstError(message))) return message;
  const alone = await failureOf(io, async () => {
    await decodeArchive(io, reader, { kind, path });
  });
  return alone?.message ?? message;
}

/** What the load said when it failed; undefined when it did not. Throws what is no word of the load's. */
async function failureOf(io: StepIo, load: () => Promise<void>): Promise<OpError | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    const told = error instanceof OpError && error.kind === 'failed' && isDamage(error);
    if (!told || error instanceof Damage || io.signal.aborted) throw error;
    return error;
  }
}

function untried({ id }: Backup, { name: place, differs }: Reached, failure: OpError): Untried {
  const { message } = failure;
  const facts = { id, place, differs, said: firstError(message), next: remedyFor(message) };
  return proofErrors.notLoaded(facts, failure);
}

async function placeFor(
  io: StepIo,
  context: OpContext,
  examined: Examined,
): Promise<Extract<ProvingServer, { ok: true }>> {
  const throwaway = await throwawayServer(io, context, examined);
  if (throwaway.ok) return throwaway;
  let beside: ProvingServer;
  try {
    beside = await besideServer(io, context, examined);
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    beside = { ok: false, why: error.message };
  }
  if (beside.ok) {
    io.line(`${throwaway.why} A temporary database on ${context.place} is used.`);
    return beside;
  }
  const { id } = examined.backup;
  throw proofErrors.noPlace({ id, throwaway: throwaway.why, beside: beside.why });
}
