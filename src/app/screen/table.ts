import type { Part } from '../../monitor/snapshot.ts';
import { asciiFrames } from '../../text/ascii.ts';
import { headingLine, headingsBehind, placeColumns, tableLine } from '../../text/cells.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, lineWidth, type Span, skipLine, span, type Tone } from '../../text/line.ts';
import { exact } from '../../text/units.ts';
import { width, wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { type Glyphs, glyphsOf } from '../core/glyphs.ts';
import { keyFor, keyOr } from '../core/keys.ts';
import type { Shown } from '../core/rows.ts';
import { type TableState, tableOf } from '../core/state.ts';
import { type AnyView, cellText, cellTone, columnsShown, notRead, statusPart } from '../core/view.ts';
import { missingOf } from '../views/fields.ts';
import { screenOf } from '../views/registry.ts';
import { cursorIndex, isApart, markedOf, shownRows, windowOf } from '../views/select.ts';
import { ageSpans, isOld } from './freshness.ts';
import { type PaneBox, rowsIn } from './panes.ts';

/** Cursor and mark. */
const GUTTER = 2;
/** Lines of a query below which showing it is not worth the line above it. */
const LEAST_PREVIEW = 2;
/** Longest line laid out when the table is scrolled sideways. */
const FULL_WIDTH = 400;

/** A view as lines of exactly the box: title, heading, rows. */
export function paneLines(deck: Deck, box: PaneBox): Line[] {
  const { state, model } = deck;
  const { view } = box;
  const table = tableOf(state, view.id);
  const focused = state.pane === box.index;
  const shown = shownRows(view, model, state);
  const part = statusPart(view, model);
  const { dashboard } = screenOf(state.screen);
  const empty =
    part.status !== 'denied' && shown.rows.length === 0
      ? [span(`  ${emptyText(deck, view, table, shown)}`, 'muted')]
      : [];
  // where panes share the height by need, one that has nothing to show is its title
  const inTitle = dashboard !== undefined && !box.alone;
  const lines: Line[] = [titleLine(deck, box, table, shown, focused, inTitle ? empty : [])];
  if (part.status === 'denied') lines.push(...refusalLines(part, box));
  else if (empty.length > 0)
    lines.push(...(inTitle ? [] : [empty, ...missingLines(deck, table, shown, box)]));
  else lines.push(...rowLines(deck, view, table, shown.rows, box, focused));
  if (part.partial && lines.length < box.height)
    lines.push([
      span(`  ${part.partial.reason}`, 'muted'),
      span(part.partial.remedy ? ` To see them: ${part.partial.remedy}` : '', 'muted'),
    ]);
  if (focused) lines.push(...previewLines(deck, view, table, shown.rows, box, lines.length));
  const { more } = glyphsOf(deck);
  const cut = lines.slice(0, box.height).map((line) => fitLine(line, box.width, more));
  while (cut.length < box.height) cut.push(fitLine([], box.width));
  return cut;
}

function titleLine(
  deck: Deck,
  { view, width, alone, headings }: PaneBox,
  table: TableState,
  shown: Shown,
  focused: boolean,
  empty: Line,
): Line {
  // headlines count what there is; this counts the rows below
  const filtered = table.filter === '' ? 'listed' : `of ${shown.total} ${view.noun}, filter: ${table.filter}`;
  const number =
    table.filter === '' && (!alone || empty.length > 0)
      ? []
      : [span(`  ${(shown.hits ?? shown.rows).length} ${filtered}`, 'muted')];
  const beyond = notRead(view, deck.model);
  const of = `${exact(shown.total + beyond)} ${view.counted?.(deck.state) ?? view.noun}`;
  const rest = beyond === 0 ? [] : [span(`  the first ${shown.total} of ${of}`, 'muted')];
  const { shown: marks, unseen } = markedOf(view, deck.model, deck.state);
  const all = marks.length + unseen.length;
  const marked =
    all > 0
      ? [span(`  ${all} marked${unseen.length > 0 ? `, ${unseen.length} not shown` : ''}`, 'accent')]
      : [];
  const withHeadings = headings === 'title' && shown.rows.length > 0 && table.shift === 0;
  // one line for both: what a headline sums up stands in the rows, the header and the verdict
  const headline = headings === 'title' ? [] : (view.headline?.(deck.model, shown.rows) ?? []);
  const glyphs = glyphsOf(deck);
  const { cursor, rule } = glyphs;
  const single = alone && !deck.state.zoomed;
  const mark = focused && !single ? cursor : ' ';
  const left = isApart(view, deck.state) && shown.total < view.rows(deck.model).length;
  const name = left ? (view.apart?.title ?? view.title) : view.title;
  // how often fresh rows are read is worth less than the headings that it would cover
  const age = ageSpans(deck, view).filter(
    ({ tone }) => !withHeadings || tone !== 'muted' || isOld(deck, view),
  );
  const title: Span[] = [
    span(`${mark} ${name}`, focused ? 'title' : 'accent'),
    ...number,
    ...rest,
    ...marked,
    ...age,
    ...(headline.length > 0 ? [span('  '), ...headline] : []),
    ...empty,
  ];
  // what matters least goes before anything is cut
  while (lineWidth(title) > width && title.at(-1)?.tone === 'muted') title.pop();
  const last = title.pop();
  if (last) title.push({ ...last, text: last.text.trimEnd() });
  if (withHeadings) {
    const sort = view.ordered ? undefined : table.sort;
    const placed = placeColumns(columnsIn(deck, view, alone, table), width - GUTTER);
    return headingsBehind([...title, span(' ')], placed, sort, { ...glyphs, from: GUTTER, to: width });
  }
  // panes beside and below each other are told apart by a line
  const room = width - lineWidth(title) - 2;
  return single || room < 1 ? title : [...title, span(`  ${rule.repeat(room)}`, 'muted')];
}

/** The whole beginning of the query under the cursor, where a screen of one table leaves room for it. */
function previewLines(
  deck: Deck,
  view: AnyView,
  table: TableState,
  rows: readonly unknown[],
  box: PaneBox,
  used: number,
): Line[] {
  const row = rows[cursorIndex(view, rows, table)];
  const room = box.height - used - 2;
  if (row === undefined || room < LEAST_PREVIEW || !box.alone) return [];
  const query = view.query?.(row);
  if (!query) return [];
  const { rule } = glyphsOf(deck);
  const pid = view.backend?.(row)?.pid;
  const title = ` ${rule.repeat(2)} ${pid === undefined ? 'Statement' : `Query of ${pid}`} `;
  const text = wrap(cleanBlock(query), Math.max(10, box.width - 3)).slice(0, room);
  return [
    [],
    [span(`${title}${rule.repeat(Math.max(0, box.width - width(title)))}`, 'muted')],
    ...text.map((line): Line => [span(`  ${line}`)]),
  ];
}

/** Why there are no rows, and what would change that; where there is no room for both, the latter. */
function refusalLines({ reason, remedy }: Part<unknown>, box: PaneBox): Line[] {
  const lines = (text: string, tone: Tone) =>
    wrap(cleanLine(text), Math.max(10, box.width - 2)).map((line): Line => [span(`  ${line}`, tone)]);
  const help = remedy ? lines(`To see it: ${remedy}`, 'accent') : [];
  const room = Math.max(0, box.height - 1 - help.length);
  return [...lines(reason ?? 'This role may not read it.', 'warn').slice(0, room), ...help];
}

/** Why none of the rows could be found. */
function missingLines(
  { model }: Deck,
  table: TableState,
  { total }: Shown,
  { view, width }: PaneBox,
): Line[] {
  const missing = total === 0 ? undefined : missingOf(view, table, model);
  const lines = missing === undefined ? [] : wrap(missing, Math.max(10, width - 2));
  return lines.map((line): Line => [span(`  ${line}`, 'warn')]);
}

function emptyText(deck: Deck, view: AnyView, table: TableState, shown: Shown): string {
  if (shown.total > 0)
    return `None of ${shown.total} ${view.noun} matches "${table.filter}". ${keyOr(deck, 'back')} clears the filter.`;
  const { database } = deck.state;
  if (database !== undefined && view.database && view.rows(deck.model).length > 0)
    return `None of the ${view.noun} is of database ${database}. ${keyFor(deck, 'find.database') ?? ':only one database'} lists all.`;
  if (view.local) return view.empty;
  const { at, reason } = statusPart(view, deck.model);
  // what was never answered is not known to be empty
  return Number.isNaN(at) ? (reason ?? '') : view.empty;
}

function columnsIn({ model }: Deck, view: AnyView, alone: boolean, { sort }: TableState): AnyView['columns'] {
  return columnsShown(view, model, { alone, sorted: view.ordered ? undefined : sort.column });
}

function rowLines(
  deck: Deck,
  view: AnyView,
  table: TableState,
  rows: readonly unknown[],
  box: PaneBox,
  focused: boolean,
): Line[] {
  const marks = glyphsOf(deck);
  const sideways = table.shift > 0;
  const columns = columnsIn(deck, view, box.alone, table);
  const placed = placeColumns(columns, (sideways ? FULL_WIDTH : box.width) - GUTTER);
  const frozen = (placed[0]?.cells ?? 0) + 1;
  const slide = (line: Line): Line =>
    sideways ? [...fitLine(line, frozen, marks.more), ...skipLine(line, frozen + table.shift)] : line;
  const cursor = cursorIndex(view, rows, table);
  const { from, to } = windowOf(rows.length, cursor, rowsIn(box));
  const sort = view.ordered ? undefined : table.sort;
  const old = isOld(deck, view);
  const heading: Line[] =
    box.headings === 'own' ? [[span(' '.repeat(GUTTER)), ...slide(headingLine(placed, sort, marks))]] : [];
  const lineOf = (row: unknown): Line => {
    const across = view.across?.(row, deck.model);
    if (across !== undefined) {
      const text = `${across.tree}${cleanLine(across.text)}`;
      return slide([span(deck.ascii ? asciiFrames(text) : text)]);
    }
    const cells = placed.map(({ column }) => {
      const raw = cellText(column as AnyView['columns'][number], row, deck.model);
      const text = (column as AnyView['columns'][number]).own ? raw : cleanLine(raw);
      return {
        text: deck.ascii ? asciiFrames(text) : text,
        tone: cellTone(column as AnyView['columns'][number], row, deck.model),
      };
    });
    return slide(tableLine(cells, placed, marks.more));
  };
  const body = rows.slice(from, to).map((row, i) =>
    dress(lineOf(row), {
      cursor: focused && from + i === cursor,
      marked: table.marks.has(view.identity(row)),
      old,
      width: box.width,
      marks,
    }),
  );
  return [...heading, ...body];
}

interface Dress {
  cursor: boolean;
  marked: boolean;
  old: boolean;
  width: number;
  marks: Glyphs;
}

/** The gutter, and one look for the whole row where the row as a whole says something. */
function dress(line: Line, { cursor, marked, old, width, marks }: Dress): Line {
  const gutter = `${cursor ? marks.cursor : ' '}${marked ? marks.marked : ' '}`;
  const whole: Tone | undefined = old ? 'muted' : marked ? 'accent' : undefined;
  const full: Span[] = [span(gutter), ...line];
  if (cursor) full.push(span(' '.repeat(Math.max(0, width - lineWidth(full)))));
  const toned = whole === undefined ? full : full.map(({ text }) => span(text, whole));
  return cursor ? toned.map((piece) => ({ ...piece, chosen: true })) : toned;
}
