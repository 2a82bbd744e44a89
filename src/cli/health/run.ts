import { readFileSync, statSync } from 'node:fs';
import { DriftLook } from '../../app/outside/drift.ts';
import { type OutsideOptions, outsideFacts } from '../../app/outside/facts.ts';
import { sayRemedies } from '../../app/remedies.ts';
import type { Env } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { UsageError } from '../../config/usage-error.ts';
import { connect } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { CATEGORIES, CATEGORY_IDS, type CategoryId } from '../../health/categories.ts';
import { look } from '../../health/look.ts';
import { CHECKS } from '../../health/registry.ts';
import {
  type Baseline,
  baselineSchema,
  FORMAT_VERSION,
  formatSchema,
  type HealthReport,
  reportOf,
  type Status,
} from '../../health/report.ts';
import { local } from '../../hosts/local.ts';
import { reaching } from '../../hosts/reach.ts';
import { LogHour } from '../../log/hour.ts';
import type { HealthOptions } from '../health.ts';
import { EXIT, note, printJson } from '../output.ts';
import { interruptible } from '../show/interruptible.ts';
import { printReport } from './print.ts';

/** The exit code of a verdict. */
const CODES: Readonly<Record<Status, number>> = { healthy: 0, warning: 1, unhealthy: 2, error: 3 };

/** Looks at the server for some seconds and prints the verdict. Throws DbError and UsageError: then there is none. */
export async function runHealth(options: HealthOptions, resolved: Resolved, env: Env): Promise<number> {
  const categories = (options.category ?? CATEGORY_IDS).map(categoryOf);
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline);
  const checks = CHECKS.filter(({ category }) => categories.includes(category));
  const session = await withPassword(resolved.passwords, () =>
    connect(resolved.target, 'slow', 'pgdeck-monitor'),
  );
  let report: HealthReport;
  try {
    const { thresholds, waivers } = resolved;
    const wait = () => interruptible().after(options.sample);
    const outside = await outsideFacts({
      session,
      resolved,
      env,
      host: local,
      log: hourOf(resolved, thresholds.slow_query_ms),
      drift: new DriftLook(),
    });
    const seen = await look(session, { thresholds, waivers, outside, checks, categories, wait });
    // stopped by a person: there is no verdict
    if (seen === undefined) return EXIT.unreachable;
    const { assessment, figures } = seen;
    const say = await sayRemedies(assessment);
    const server = place(resolved.target);
    // it may be the same one by another name
    if (baseline?.server !== undefined && baseline.server !== server)
      note(
        `The baseline is of ${baseline.server}, and this is ${server}: what is known there is taken as known here.`,
      );
    report = reportOf(assessment, { at: new Date(), server, figures, baseline, say });
    if (options.json === true) printJson(report);
    else await printReport(report, session.server, say);
  } finally {
    await session.close();
  }
  return CODES[report.status];
}

/** The log is read once: all of the last hour at once. */
function hourOf({ runsOn }: Resolved, slowMs: number): OutsideOptions['log'] {
  const hour = new LogHour(reaching(runsOn.server), slowMs);
  return { read: (session) => hour.read(session, { last: true }) };
}

/** Throws where no check begins so: a waiver with a slip would waive nothing, and nobody would notice. */
export function checkId(id: string): void {
  const [check = ''] = id.split(':', 1);
  if (CHECKS.some((one) => one.id === check)) return;
  throw new UsageError(
    `There is no check "${check}".`,
    `The checks are ${CHECKS.map((one) => one.id).join(', ')}; pgdeck health lists the ids of its findings.`,
  );
}

function categoryOf(name: string): CategoryId {
  if (Object.hasOwn(CATEGORIES, name)) return name as CategoryId;
  throw new UsageError(`There is no category "${name}".`, `The categories are ${CATEGORY_IDS.join(', ')}.`);
}

function readBaseline(file: string): Baseline {
  const next = 'Name the output of an earlier pgdeck health --json.';
  let text: string;
  try {
    // a pipe or a device may have no end
    if (!statSync(file).isFile()) throw new UsageError(`The baseline ${file} is not a regular file.`, next);
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`The baseline ${file} cannot be read (${code}).`, next);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`The baseline ${file} is no JSON.`, next);
  }
  const format = formatSchema.safeParse(value).data?.formatVersion;
  if (format !== undefined && format > FORMAT_VERSION)
    throw new UsageError(
      `The baseline ${file} was made by a newer pgdeck (format ${format}, and this one reads ${FORMAT_VERSION}).`,
      'Use that version, or make a new baseline.',
    );
  const read = baselineSchema.safeParse(value);
  if (!read.success) throw new UsageError(`The baseline ${file} is no output of pgdeck health --json.`, next);
  return read.data;
}
