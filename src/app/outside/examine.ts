import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import type { Blind } from '../../health/assess.ts';
import type { Facts } from '../../health/check.ts';
import type { Seen } from '../../health/look.ts';
import { CHECKS, titleOf } from '../../health/registry.ts';
import type { Figures } from '../../monitor/figures.ts';
import type { Examined } from '../../ops/engine/operation.ts';
import { sayRemedies } from '../remedies.ts';
import { lookOnce } from './once.ts';
import { slowSoFar } from './slow.ts';

/** Whether health has a check of that id. */
export function hasCheck(id: string): boolean {
  return CHECKS.some((check) => check.id === id);
}

/**
 * What health says of a server by some of its checks, in their order, looked at for so many seconds over a connection of
 * its own. Throws DbError when the server is away, and the reason of `signal` when that stops it.
 */
export async function examine(
  of: { readonly resolved: Resolved; readonly env: Env },
  ids: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<Examined[]> {
  const checks = CHECKS.filter(({ id }) => ids.includes(id));
  const looked = await lookOnce(of, { seconds, checks }, signal);
  if (looked === undefined) return [];
  const { seen, outside } = looked;
  return await examined(seen, { outside, thresholds: of.resolved.thresholds, seconds }, ids);
}

interface Around extends Pick<Facts, 'outside' | 'thresholds'> {
  readonly seconds: number;
}

async function examined(
  { assessment, figures }: Seen,
  around: Around,
  ids: readonly string[],
): Promise<Examined[]> {
  const say = await sayRemedies(assessment);
  return ids.map((id): Examined => {
    const found = assessment.findings.filter(({ check }) => check === id);
    const blind = assessment.unknown.find(({ check }) => check === id);
    const notes = id === 'slow_statements' ? slowSoFar(figures, around.thresholds) : [];
    return {
      check: id,
      title: titleOf(id),
      findings: found
        .filter(({ waiver }) => waiver === undefined)
        .map((one) => ({
          ...{ id: one.id, severity: one.severity, title: one.title },
          fix: say(one.remedy),
          command: 'operation' in one.remedy,
        })),
      waived: found.filter(({ waiver }) => waiver !== undefined).length,
      ...(blind && { unknown: unknownOf(blind, figures, around) }),
      ...(notes.length > 0 && { notes }),
    };
  });
}

function unknownOf(
  { check, reason, remedy, wait }: Blind,
  figures: Figures,
  { outside, seconds }: Around,
): NonNullable<Examined['unknown']> {
  const reads = CHECKS.find(({ id }) => id === check)?.reads ?? [];
  const unread = reads.some((poll) => figures.part(poll).status !== 'ok');
  const untold = Object.values(outside).some(
    (told) => typeof told === 'object' && 'unknown' in told && told.unknown === reason,
  );
  return {
    reason,
    ...(remedy !== undefined && { remedy }),
    ...(wait === undefined ? { partly: !unread && !untold } : { sample: Math.ceil(wait + seconds) }),
  };
}
