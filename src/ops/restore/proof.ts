import { DbError } from '../../db/errors.ts';
import type { Clients } from '../clients/programs.ts';
import type { OpContext } from '../context.ts';
import { OpError } from '../error.ts';
import type { StepIo } from '../operation.ts';
import type { Verification } from '../repository/manifest.ts';
import type { Backup } from '../repository/repository.ts';
import { besideServer } from './proof/beside.ts';
import { type Examined, examine } from './proof/examine.ts';
import { throwawayServer } from './proof/throwaway.ts';

/** A database to test-restore into. */
export type Place =
  | { readonly ok: true; use<T>(work: (place: Reached) => Promise<T>): Promise<T> }
  /** Why there is none; one sentence. */
  | { readonly ok: false; readonly why: string };

/** A place that is there, and how to load it. */
export interface Reached {
  /** `a throwaway PostgreSQL 15.18`. */
  readonly name: string;
  load(io: StepIo): Promise<void>;
  /** Compares it; the sentence of what was found. */
  compare(io: StepIo): Promise<{ ok: boolean; detail: string }>;
}

/**
 * Restores a backup where it does no harm and compares it with its manifest: into a throwaway server of the same major
 * version, without a TCP port, where this machine has its programs and extensions; else into a temporary database on
 * the context's server, which is removed afterwards.
 *
 * That it does not restore is an answer with `ok: false`. Throws {@link OpError} where it cannot be tried, and when it is
 * cancelled. `clients` are those that can read it.
 */
export async function proveRestorable(
  io: StepIo,
  context: OpContext,
  clients: Clients | undefined,
  backup: Backup,
): Promise<Verification> {
  const answer = (ok: boolean, detail: string): Verification => ({
    level: 'restore',
    at: context.now().toISOString(),
    ok,
    detail,
  });
  if (backup.scope === 'data_only')
    throw new OpError(
      'refused',
      `${backup.id} holds rows without definitions, and cannot be restored by itself.`,
      'Use --level counts.',
    );
  let examined: Examined;
  try {
    examined = await examine(io, context, clients, backup);
  } catch (error) {
    if (error instanceof OpError && error.kind === 'failed') return answer(false, error.message);
    throw error;
  }
  const place = await placeFor(io, context, examined);
  const started = performance.now();
  return place.use(async ({ name, load, compare }) => {
    io.line(`Restoring into ${name}.`);
    try {
      await load(io);
    } catch (error) {
      if (!(error instanceof OpError) || error.kind !== 'failed' || io.signal.aborted) throw error;
      return answer(false, `It does not restore into ${name}: ${error.message}`);
    }
    const { ok, detail } = await compare(io);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    return answer(ok, ok ? `Restored into ${name} in ${seconds} s: ${detail}` : detail);
  });
}

async function placeFor(
  io: StepIo,
  context: OpContext,
  examined: Examined,
): Promise<Extract<Place, { ok: true }>> {
  const throwaway = await throwawayServer(io, context, examined);
  if (throwaway.ok) return throwaway;
  let beside: Place;
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
  throw new OpError(
    'failed',
    `There is no place to restore ${examined.backup.id} into. ${throwaway.why} ${beside.why}`,
    'Until then use --level counts.',
  );
}
