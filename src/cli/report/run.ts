import { open, rename, rm, stat } from 'node:fs/promises';
import { Model } from '../../app/core/model.ts';
import { DriftLook } from '../../app/outside/drift.ts';
import { outsideFacts } from '../../app/outside/facts.ts';
import { sayRemedies } from '../../app/remedies.ts';
import type { Env } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { tableExactPoll } from '../../db/queries/relations.ts';
import { assess } from '../../health/assess.ts';
import { CHECKS, pollsOf } from '../../health/registry.ts';
import { reportOf } from '../../health/report.ts';
import { local } from '../../hosts/local.ts';
import { reaching } from '../../hosts/reach.ts';
import { LogHour } from '../../log/hour.ts';
import { Reading } from '../../monitor/reading.ts';
import { DEFAULT_WANTS } from '../../monitor/wants.ts';
import { cliErrors } from '../errors.ts';
import { EXIT, note, print } from '../output.ts';
import type { ReportOptions } from '../report.ts';
import { interruptible } from '../show/interruptible.ts';
import { hiding, partsOf, type ReportDocument } from './document.ts';
import { htmlReport } from './html.ts';
import { isView, SECTIONS } from './sections.ts';
import { jsonReport, markdownReport, textReport } from './texts.ts';

/** Rows of a kind that are read at most. */
const MANY = 1000;

const FORMATS: Readonly<Record<ReportOptions['format'], (document: ReportDocument) => string>> = {
  text: textReport,
  markdown: markdownReport,
  html: htmlReport,
  json: jsonReport,
};

/** Looks at the server for some seconds and writes the report. Returns the exit code. Throws DbError and OpError. */
export async function runReport(options: ReportOptions, resolved: Resolved, env: Env): Promise<number> {
  const { out, force = false, format } = options;
  if (out !== undefined && !force && (await isThere(out))) throw cliErrors.exists({ file: out });
  const document = await lookForReport(resolved, env, () => interruptible().after(options.sample));
  // stopped by a person
  if (document === undefined) return EXIT.failed;
  const text = FORMATS[format](document);
  if (out === undefined) print(text.trimEnd());
  else {
    await write(out, text);
    note(`${out} is written.`);
  }
  return EXIT.done;
}

/** Reads everything twice, with `wait` between; undefined where that was ended. Throws DbError. */
export async function lookForReport(
  resolved: Resolved,
  env: Env,
  wait: () => Promise<boolean>,
): Promise<ReportDocument | undefined> {
  const { thresholds, waivers, runsOn, target } = resolved;
  const session = await withPassword(resolved.passwords, () => connect(target, 'slow', 'pgdeck-monitor'));
  try {
    const hour = new LogHour(reaching(runsOn.server), thresholds.slow_query_ms);
    const outside = await outsideFacts({
      ...{ session, resolved, env, host: local, drift: new DriftLook() },
      log: { read: (of) => hour.read(of, { last: true }) },
    });
    const reading = new Reading(session, {
      ...DEFAULT_WANTS,
      idle: true,
      idleSeconds: thresholds.idle_session_seconds,
      ...{ activityLimit: MANY, tableLimit: MANY, indexLimit: MANY, statementLimit: MANY, lockLimit: MANY },
    });
    const model = new Model(reading, thresholds);
    const polls = [
      ...new Set([...pollsOf(CHECKS), ...SECTIONS.flatMap((one) => (isView(one) ? one.view.polls : []))]),
    ];
    await reading.read(polls);
    model.observe();
    if (await wait()) return undefined;
    await reading.read([...polls, tableExactPoll]);
    model.observe();
    model.outside = outside;
    const assessment = assess(
      { figures: model, server: session.server, thresholds, outside },
      { checks: CHECKS, waivers },
    );
    const say = await sayRemedies(assessment);
    const at = new Date();
    const server = place(target);
    const health = reportOf(assessment, { at, server, figures: model, say });
    return {
      at: at.toISOString(),
      server,
      version: session.server.version,
      standby: session.server.standby,
      health: hiding(health),
      fixes: new Map(health.findings.map((one) => [one.id, hiding(say(one.remedy))])),
      parts: hiding(partsOf(model, performance.now())),
    };
  } finally {
    await session.close();
  }
}

const isThere = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Beside it and renamed: nobody reads half of it. It tells of statements, and is its owner's. Throws OpError. */
async function write(file: string, text: string): Promise<void> {
  const regular = await stat(file).then(
    (facts) => facts.isFile(),
    () => true,
  );
  const beside = regular ? `${file}.${process.pid}.tmp` : file;
  try {
    const handle = await open(beside, 'w', 0o600);
    try {
      await handle.writeFile(text);
      if (regular) await handle.sync();
    } finally {
      await handle.close();
    }
    if (regular) await rename(beside, file);
  } catch (error) {
    if (regular) await rm(beside, { force: true }).catch(() => undefined);
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw cliErrors.unwritable({ file, code }, error);
  }
}
