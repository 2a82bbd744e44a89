import { setTimeout as sleep } from 'node:timers/promises';
import type { Env } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import type { Assessment } from '../../health/assess.ts';
import { look } from '../../health/look.ts';
import { CHECKS } from '../../health/registry.ts';
import { local } from '../../hosts/local.ts';
import { reaching } from '../../hosts/reach.ts';
import { LogHour } from '../../log/hour.ts';
import type { Examined } from '../../ops/engine/operation.ts';
import { sayRemedies } from '../remedies.ts';
import { DriftLook } from './drift.ts';
import { outsideFacts } from './facts.ts';

/** Between the two readings. */
const SAMPLE_MS = 3000;

/** Whether health has a check of that id. */
export function hasCheck(id: string): boolean {
  return CHECKS.some((check) => check.id === id);
}

/**
 * What health says of a server by some of its checks, in their order, looked at for a few seconds over a connection of
 * its own. Throws DbError when the server is away, and the reason of `signal` when that stops it.
 */
export async function examine(
  { resolved, env }: { readonly resolved: Resolved; readonly env: Env },
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Examined[]> {
  const { thresholds, waivers, passwords, target, runsOn } = resolved;
  const checks = CHECKS.filter(({ id }) => ids.includes(id));
  const session = await withPassword(passwords, () => connect(target, 'slow', 'pgdeck-monitor'));
  try {
    const hour = new LogHour(reaching(runsOn.server), thresholds.slow_query_ms);
    const outside = await outsideFacts({
      session,
      resolved,
      env,
      host: local,
      log: { read: (of) => hour.read(of, { last: true }) },
      drift: new DriftLook(),
    });
    const wait = async () => {
      await sleep(SAMPLE_MS, undefined, { signal });
      return false;
    };
    const seen = await look(session, { thresholds, waivers, outside, checks, wait });
    if (seen === undefined) return [];
    return await examined(seen.assessment, ids);
  } finally {
    await session.close();
  }
}

async function examined(assessment: Assessment, ids: readonly string[]): Promise<Examined[]> {
  const say = await sayRemedies(assessment);
  return ids.map((id): Examined => {
    const found = assessment.findings.filter(({ check }) => check === id);
    const unknown = assessment.unknown.find(({ check }) => check === id);
    return {
      check: id,
      title: CHECKS.find((check) => check.id === id)?.title ?? id,
      findings: found
        .filter(({ waiver }) => waiver === undefined)
        .map((one) => ({
          ...{ id: one.id, severity: one.severity, title: one.title },
          fix: say(one.remedy),
          command: 'operation' in one.remedy,
        })),
      waived: found.filter(({ waiver }) => waiver !== undefined).length,
      ...(unknown && {
        unknown: {
          reason: unknown.reason,
          ...(unknown.remedy !== undefined && { remedy: unknown.remedy }),
          ...(unknown.wait !== undefined && { later: true }),
        },
      }),
    };
  });
}
