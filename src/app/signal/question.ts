import { quoteLiteral } from '../../db/ident.ts';
import { freesSentence } from '../../ops/signal/sentences.ts';
import type { RefusalKind } from '../../ops/signal/types.ts';
import { asciiFrames } from '../../text/ascii.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Line, span } from '../../text/line.ts';
import { plural } from '../../text/units.ts';
import { fit, width, wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { type Keys, keyOr } from '../core/keys.ts';
import type { AppState, Overlay, SignalOption, SignalQuestion } from '../core/state.ts';
import { cutOf, layoutOf } from '../screen/layout.ts';
import { answerLine } from '../screen/reading.ts';
import { windowOf } from '../views/select.ts';
import { refusalLines, targetDetails, targetTable } from './targets.ts';

type SignalOverlay = Extract<Overlay, { kind: 'signal' }>;

/** Options beside each other that are seen at once. */
const OPTIONS = 5;
/** Rows of the list that stay, however little room there is. */
const LEAST = 2;

/** The question as it is drawn. */
interface Drawn {
  readonly head: readonly Line[];
  /** The whole list. */
  readonly list: readonly Line[];
  /** How much of it is seen at once. */
  readonly room: number;
  readonly notes: readonly Line[];
}

/** Options, who would be hit, whom that frees, and the answers. */
export function questionLines(
  deck: Deck,
  overlay: SignalOverlay,
  question: SignalQuestion,
  size: AppState['size'],
): Line[] {
  const { rule } = glyphsOf(deck);
  const { head, list, room, notes } = drawn(deck, question, size);
  const from = Math.min(overlay.scroll, Math.max(0, list.length - room));
  const below = list.length - Math.max(question.read, from + room);
  const line: Line = [span(rule.repeat(size.columns), 'accent')];
  const lines = [
    ...head,
    ...list.slice(from, from + room),
    ...(list.length > room ? [countLine(deck, question, list.length, from, room)] : []),
    line,
    ...notes,
    answerOf(deck, question, below),
  ];
  return deck.ascii
    ? lines.map((one) => one.map((part) => ({ ...part, text: asciiFrames(part.text) })))
    : lines;
}

function drawn(deck: Deck, question: SignalQuestion, { columns, rows }: AppState['size']): Drawn {
  const marks = glyphsOf(deck);
  const { plan, details } = question;
  const { heading, rows: targets } = targetTable(plan, columns, marks);
  const list = [...(details ? targetDetails(plan, columns) : targets), ...refusalLines(plan, columns)];
  const line: Line = [span(marks.rule.repeat(columns), 'accent')];
  const titles = details || targets.length === 0 ? [] : [heading];
  // the line above the notes, the answers, and of a longer list how much of it is seen
  const kept = Math.min(LEAST, list.length) + (list.length > LEAST ? 3 : 2);
  const optional = (most: number) => optionLines(deck, question, columns, marks.cursor, most);
  const heads = [
    ...Array.from({ length: OPTIONS }, (_, i) => [
      line,
      titleLine(question),
      ...optional(OPTIONS - i),
      ...(i < OPTIONS - 1 && question.options.length > 0 ? [[]] : []),
      ...titles,
    ]),
    [line, titleLine(question), ...optional(1)],
    [line, ...optional(1)],
  ];
  // no answer without a sight of whom it is about: what stands above the list gives way
  const head = heads.find(({ length }) => length + kept <= rows) ?? heads.at(-1) ?? [];
  const notes = noteLines(deck, question, columns);
  // the line above the notes, and the answers
  const rest = rows - head.length - 2;
  const fits = (count: number) =>
    notes.slice(
      Math.min(notes.length, Math.max(0, notes.length - rest + count + Math.min(LEAST, list.length))),
    );
  const whole = rest - fits(0).length >= list.length;
  const shown = fits(whole ? 0 : 1);
  return { head, list, notes: shown, room: Math.max(1, rest - shown.length - (whole ? 0 : 1)) };
}

function titleLine({ plan, options }: SignalQuestion): Line {
  if (options.length > 0) return [span(' What would help, strongest first', 'title')];
  return [span(` ${cleanLine(plan.title)}`, 'title'), span(plan.victims.length > 0 ? '?' : '.')];
}

function optionLines(
  keys: Keys,
  { options, plan }: SignalQuestion,
  columns: number,
  cursor: string,
  most: number,
): Line[] {
  if (options.length === 0) return [];
  const chosen = options.findIndex((option) => option.plan === plan);
  const { from, to } = windowOf(options.length, chosen, most);
  const cells = Math.min(columns - 40, Math.max(...options.map(({ label }) => width(label))));
  const lines = options.slice(from, to).map((option, at): Line => {
    const mine = from + at === chosen;
    const frees = String(option.frees ?? '?').padEnd(4);
    const text = `${mine ? cursor : ' '} ${fit(option.label, Math.max(10, cells))}  frees ${frees}`;
    return [span(text, mine ? 'selected' : undefined), span(` ${costOf(keys, option)}`, 'muted')];
  });
  const hidden = options.length - lines.length;
  return [...lines, ...(hidden > 0 && most > 1 ? [[span(`  ${hidden} more`, 'muted')]] : [])];
}

/** Why an option is none, behind it. */
const REFUSED: Readonly<Record<RefusalKind, string>> = {
  already_gone: 'gone already',
  another_session: 'gone already',
  moved_on: 'moved on',
  own: 'this pgdeck itself',
  another_pgdeck: 'another pgdeck',
  protected: 'a server process',
  not_permitted: 'not permitted',
  unverified: 'not permitted',
  prepared: 'has no session',
};

/** What an option costs those whom it hits. */
function costOf(keys: Keys, { plan, gid, rest = 0 }: SignalOption): string {
  if (gid !== undefined)
    return rest > 0
      ? `one by one, ${keyOr(keys, 'signal.options')} each time`
      : 'COMMIT or ROLLBACK PREPARED is asked next';
  const n = plan.victims.length;
  const [refusal] = plan.refused;
  if (refusal !== undefined) {
    const why = REFUSED[refusal.why];
    return n === 0 ? why : `${plan.refused.length} of ${n + plan.refused.length} ${why}`;
  }
  if (plan.action === 'cancel') return n === 1 ? 'its session stays' : 'their sessions stay';
  return `${plural(n, 'session')} rolled back`;
}

function noteLines(keys: Keys, question: SignalQuestion, columns: number): Line[] {
  const { plan } = question;
  const note = (text: string, tone: 'accent' | 'muted' | 'warn') =>
    wrap(text, columns - 4).map((part): Line => [span(`  ${part}`, tone)]);
  const { gid, rest = 0 } = chosenOf(question) ?? {};
  if (gid !== undefined) {
    const asked = `${keyOr(keys, 'dialog.yes')} asks how the prepared transaction ${cleanLine(quoteLiteral(gid).trim())} is to end; nothing is sent before.`;
    const others = `Only when the ${rest === 1 ? 'other one ends' : `${rest} others end`} too is anybody released: open the options again.`;
    return note(rest > 0 ? `${asked} ${others}` : asked, 'accent');
  }
  const frees = freesSentence(plan);
  return [
    ...(question.leftOut === undefined ? [] : note(question.leftOut, 'warn')),
    ...(frees ? note(frees, 'accent') : []),
    ...(plan.consequence ? note(plan.consequence, 'muted') : []),
  ];
}

/** How much of the list is not on the screen. */
function countLine(
  keys: Keys,
  { plan, details }: SignalQuestion,
  all: number,
  from: number,
  room: number,
): Line {
  const below = Math.max(0, all - from - room);
  const what = details ? 'lines' : plan.refused.length > 0 ? 'rows' : 'sessions';
  const parts = [
    ...(from > 0 ? [`${from} above`] : []),
    ...(below > 0 ? [`${below} more below, ${keyOr(keys, 'dialog.pagedown')}`] : []),
  ];
  return [span(`  ${from + 1}-${Math.min(all, from + room)} of ${all} ${what}: ${parts.join(', ')}`, 'warn')];
}

/** The option that is asked about; undefined where there are none. */
export function chosenOf({ plan, options }: SignalQuestion): SignalOption | undefined {
  return options.find((option) => option.plan === plan);
}

function answerOf(keys: Keys, question: SignalQuestion, below: number): Line {
  const { plan, options, yes } = question;
  const chosen = chosenOf(question);
  const enter = keyOr(keys, 'dialog.enter');
  if (plan.victims.length === 0 && chosen?.gid === undefined) {
    const back = `${enter} or ${keyOr(keys, 'dialog.leave')}`;
    return [span(options.length > 1 ? `  Another option, or ${back}.` : `  ${back} goes back.`, 'muted')];
  }
  if (below > 0) {
    const more = `${below} more below (${keyOr(keys, 'dialog.pagedown')})`;
    return [span(`  Read the list first: ${more}. ${enter} is No.`, 'warn')];
  }
  if (chosen?.gid !== undefined) return answerLine(keys, yes, 'goes on');
  const does = plan.action === 'cancel' ? 'cancels' : 'ends';
  return answerLine(keys, yes, `${does} ${plan.victims.length > 1 ? 'them' : 'it'}`);
}

/** Lines of the list that are still to be seen before it can be answered. */
export function unread(deck: Deck): number {
  const asked = askedNow(deck);
  if (asked === undefined) return 0;
  const { overlay, question, list, room } = asked;
  return Math.max(0, list.length - Math.max(question.read, seenTo(overlay.scroll, list.length, room)));
}

/** Scrolls the list, and notes how far it has been seen. */
export function scrollQuestion(deck: Deck, by: (at: number, page: number) => number): void {
  const asked = askedNow(deck);
  if (asked === undefined) return;
  const { overlay, question, list, room } = asked;
  const last = Math.max(0, list.length - room);
  const before = Math.min(overlay.scroll, last);
  const scroll = Math.min(last, Math.max(0, by(before, room)));
  // what lies between two pages was not on the screen
  const read = Math.max(question.read, seenTo(before, list.length, room));
  const next = scroll > read ? read : scroll;
  deck.open({
    ...overlay,
    scroll: next,
    phase: { ...question, read: Math.max(read, seenTo(next, list.length, room)) },
  });
}

function seenTo(scroll: number, lines: number, room: number): number {
  return Math.min(scroll, Math.max(0, lines - room)) + room;
}

function askedNow(deck: Deck) {
  const { overlay, size } = deck.state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'ask') return undefined;
  const question = overlay.phase;
  const { list, room } = drawn(deck, question, {
    columns: size.columns,
    rows: layoutOf(cutOf(deck.state)).body,
  });
  return { overlay, question, list, room };
}
