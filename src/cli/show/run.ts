import { glyphsOf } from '../../app/core/glyphs.ts';
import type { Model } from '../../app/core/model.ts';
import { type AnyView, cellText, columnsShown, notRead, type ViewRecord } from '../../app/core/view.ts';
import { SHOWN, VIEWS } from '../../app/views/registry.ts';
import type { Resolved } from '../../config/profile.ts';
import { UsageError } from '../../config/usage-error.ts';
import type { Session } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import { DEFAULT_WANTS } from '../../monitor/wants.ts';
import { asciiFrames } from '../../text/ascii.ts';
import { cleanLine } from '../../text/clean.ts';
import { lineText } from '../../text/line.ts';
import { exact } from '../../text/units.ts';
import {
  EXIT,
  note,
  type OutputFormat,
  print,
  printJson,
  printJsonLine,
  printListing,
  printTable,
} from '../output.ts';
import { type Choice, choiceOf, chosenRows } from './choice.ts';
import { endsWhenTold, interruptible } from './interruptible.ts';
import { readProcesses } from './processes.ts';
import { ServerReader } from './server-reader.ts';

export interface ShowOptions {
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly csv?: boolean;
  readonly limit?: number;
  readonly watch?: number;
  /** As the console takes it. */
  readonly filter?: string;
  /** A column, with its direction or without: `age:asc`. */
  readonly sort?: string;
  /** Frames in ASCII. */
  readonly ascii?: boolean;
}

const WHOLE_QUERY = 100_000;
const MANY = 10_000;

interface Chosen extends ShowOptions {
  readonly limit: number;
  readonly choice: Choice;
}

/** What was read at one moment. */
export interface Sample {
  readonly at: string;
  /** Where it is of; null: of several. */
  readonly server: string | null;
  readonly rows: readonly unknown[];
  readonly records: readonly ViewRecord[];
  /** Rows that there are beyond these. */
  readonly notListed: number;
  readonly extra: ViewRecord;
}

/**
 * Prints a view. Returns the exit code: 1 when the role may not read it.
 *
 * Throws UsageError for a view, field or column that does not exist and DbError when the server cannot be reached.
 */
export async function runShow(name: string, options: ShowOptions, resolved: Resolved): Promise<number> {
  const view = shownView(name);
  const choice = choiceOf(view, options);
  if (view.whole && choice.chosen && formatOf(options) !== 'text')
    throw new UsageError(
      `${view.id} is one record there: it has no rows to filter or sort.`,
      'Leave out --filter and --sort, or the format.',
    );
  const limit = options.limit ?? MANY;
  // the rows that are looked for may be any
  const most = choice.chosen ? MANY : Math.min(limit, MANY);
  const source = new ServerReader(resolved, {
    ...DEFAULT_WANTS,
    activityLimit: MANY,
    queryChars: WHOLE_QUERY,
    idle: true,
    tableLimit: most,
    // findings and usage are asked apart and joined: a short list of one would lose the other's half
    indexLimit: MANY,
    lockLimit: MANY,
    statementLimit: most,
    waitingBlockers: MANY,
  });
  const release = options.watch === undefined ? undefined : endsWhenTold();
  try {
    await source.connect();
    const stop = interruptible();
    for (let round = 0; ; round++) {
      try {
        const code = await showOnce(source, view, { ...options, limit, choice }, resolved, { round, stop });
        if (code !== undefined) return code;
      } catch (error) {
        if (options.watch === undefined) throw error;
        if (await source.again(error, stop, options.watch)) return EXIT.done;
        continue;
      }
      if (options.watch === undefined || (await stop.after(options.watch))) return EXIT.done;
    }
  } finally {
    await source.close();
    release?.();
  }
}

function shownView(name: string): AnyView {
  const view = SHOWN.find(({ id }) => id === name);
  if (view) return view;
  const listed = VIEWS.find(({ id }) => id === name)?.listedBy;
  throw new UsageError(
    `There is no view "${name}".`,
    listed ? `pgdeck ${listed} lists them.` : `The views are ${SHOWN.map(({ id }) => id).join(', ')}.`,
  );
}

/** The rows of a view for scripts, in the given order; one record where that is all of it. */
function recordsOf(
  { whole, record }: AnyView,
  rows: readonly unknown[],
  model: Model,
): readonly ViewRecord[] {
  if (whole) return [whole(model)];
  return rows.map((row) => (record ? record(row, model) : (row as ViewRecord)));
}

/** Reads and prints once; the exit code where that ends it. Throws DbError. */
async function showOnce(
  { session, reading, model }: ServerReader,
  view: AnyView,
  options: Chosen,
  resolved: Resolved,
  { round, stop }: { readonly round: number; readonly stop: ReturnType<typeof interruptible> },
): Promise<number | undefined> {
  await reading.read([...view.polls, ...(view.beside?.polls ?? [])]);
  model.observe();
  const { choice, watch } = options;
  await readProcesses(view, { session, model }, { choice, watching: watch !== undefined }, stop);
  const part = model.part(view.polls[0]);
  if (part.status !== 'ok') {
    note(
      `pgdeck: ${part.reason ?? 'The server did not answer.'}${part.remedy ? ` To see it: ${part.remedy}` : ''}`,
    );
    if (part.status === 'denied' || options.watch === undefined) return EXIT.failed;
  } else
    await printSample(await sample(session, view, model, resolved, options), view, model, options, round);
  if (round === 0 && part.partial)
    note(
      `pgdeck: ${part.partial.reason}${part.partial.remedy ? ` To see them: ${part.partial.remedy}` : ''}`,
    );
  return undefined;
}

async function sample(
  session: Session,
  view: AnyView,
  model: Model,
  resolved: Resolved,
  { limit, choice, ...options }: Chosen,
): Promise<Sample> {
  const text = formatOf(options) === 'text';
  const [now] = await session.sql(`SELECT to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`);
  const read = chosenRows(view, choice, model, text);
  const rows = read.slice(0, limit);
  return {
    at: String(now?.at),
    server: place(resolved.target),
    rows,
    records: recordsOf(view, rows, model),
    // a record that is the whole view leaves nothing out
    notListed: view.whole && !text ? 0 : read.length - rows.length + notRead(view, model),
    extra: view.beside?.facts(model) ?? {},
  };
}

function formatOf({ json, ndjson, csv }: ShowOptions): OutputFormat {
  return json ? 'json' : ndjson ? 'ndjson' : csv ? 'csv' : 'text';
}

/** Prints what was read, in the format that was asked for. */
export async function printSample(
  { at, server, rows, records, notListed, extra }: Sample,
  view: AnyView,
  model: Model,
  options: ShowOptions,
  round: number,
): Promise<void> {
  const format = formatOf(options);
  if (format === 'json') {
    const whole = { at, server, rows: records, not_listed: notListed, ...extra };
    if (options.watch === undefined) printJson(whole);
    else printJsonLine(whole);
  } else if (format === 'text') {
    if (options.watch !== undefined)
      print(`${round > 0 ? '\n' : ''}${[at, server].filter(Boolean).join('  ')}`);
    const filtered = (options.filter ?? '').trim() !== '';
    const empty = filtered ? `None of the ${view.noun} meets the filter.` : view.empty;
    await printView(view, rows, model, { ascii: options.ascii, empty, sorted: options.sort?.split(':')[0] });
  } else if (format === 'ndjson') for (const record of records) printJsonLine({ at, ...record });
  else {
    const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
    const columns = keys.map((key) => ({ key }));
    // the columns are those of the rows: without any there is nothing to head
    if (records.length > 0) await printListing({ at, server: server ?? '', columns, rows: records }, 'csv');
  }
  if (notListed > 0 && format !== 'json' && round === 0) note(`pgdeck: ${leftOut(view, notListed)}`);
}

/** How many rows of a view are not among those printed. */
export function leftOut(view: AnyView, rows: number): string {
  return rows === 1
    ? `One of the ${view.noun} is not listed.`
    : `${exact(rows)} more ${view.noun} are not listed.`;
}

interface Printed {
  readonly ascii?: boolean | undefined;
  /** Why it has no rows. */
  readonly empty?: string;
  /** The column that rows are sorted by. */
  readonly sorted?: string | undefined;
}

/** The table that the console shows, with all its columns. */
export async function printView(
  view: AnyView,
  rows: readonly unknown[],
  model: Model,
  printed: Printed = {},
): Promise<void> {
  printVerdict(view, model, printed.ascii ?? false);
  const headline = cleanLine(lineText(view.headline?.(model, rows) ?? []).trim());
  if (headline !== '') print(headline);
  await printRows(view, rows, model, printed);
}

/** What would help, where something is wrong. */
export function printVerdict(view: AnyView, model: Model, ascii: boolean): void {
  const { dot } = glyphsOf({ ascii });
  const verdict = lineText(view.verdict?.(model, { room: Number.POSITIVE_INFINITY, dot }) ?? []);
  if (verdict !== '') print(verdict);
}

/** The same without the line above it. */
export async function printRows(
  view: AnyView,
  rows: readonly unknown[],
  model: Model,
  { ascii = false, empty = view.empty, sorted }: Printed = {},
): Promise<void> {
  if (rows.length === 0) {
    note(empty);
    return;
  }
  const cell = (c: AnyView['columns'][number], row: unknown) => {
    const text = cellText(c, row, model);
    return ascii && c.own ? asciiFrames(text) : text;
  };
  const shown = columnsShown(view, model, { alone: true, sorted });
  const texts = rows.map((row) => Object.fromEntries(shown.map((c) => [c.id, cell(c, row)])));
  const columns = shown.map((c) => ({
    key: c.id,
    title: c.title,
    ...(c.align && { align: c.align }),
    ...(c.own && { own: true }),
  }));
  await printTable(texts, columns);
}
