import { cleanBlock, cleanLine } from '../../../text/clean.ts';
import { fitLine, type Line, lineWidth, span } from '../../../text/line.ts';
import { Pace, progressText } from '../../../text/progress.ts';
import { clip, width, wrap } from '../../../text/width.ts';
import type { Deck } from '../../core/deck.ts';
import { glyphsOf } from '../../core/glyphs.ts';
import { keyOr, pageKey } from '../../core/keys.ts';
import type { AppState } from '../../core/state.ts';
import type { Phase, Wizard } from '../types.ts';
import { cancelFoot, confirmFoot } from './confirm.ts';
import { type Block, blockHeight, type PlacedBlock, windowBlocks } from './document.ts';
import { formLines } from './form.ts';
import { endingLines, failedEnding, planFoot } from './next.ts';
import { lines, planDocument } from './plan.ts';
import { resultBlocks } from './result.ts';
import { runLines, runSituation } from './run.ts';

/** A wizard cut into what stands above, what is scrolled, and what stands below; together as high as the body. */
export interface WizardLayout {
  readonly head: readonly Line[];
  readonly body: readonly PlacedBlock[];
  readonly bodyRows: number;
  readonly foot: readonly Line[];
  /** The least and the most that can be scrolled to. */
  readonly scroll: { readonly first: number; readonly last: number };
}

const ROAD = ['form', 'plan', 'confirm', 'run', 'result'] as const;
/** Cells of a title that still says what it is about. */
const LEAST_TITLE = 24;
const GAP = span('  ');
/** From this height on, a line sets the title apart. */
const TALL = 17;

interface Content {
  readonly blocks: readonly Block[];
  readonly foot: readonly Line[];
  /** Where the blocks begin, when something in them must be seen. */
  readonly show?: { readonly from: number; readonly to: number };
}

/** `size`: what lies between the header of the screen and its footer. */
export function wizardLayout(deck: Deck, wizard: Wizard, { columns, rows }: AppState['size']): WizardLayout {
  const { rule, more } = glyphsOf(deck);
  const { phase } = wizard;
  const content = contentOf(deck, wizard, columns);
  const line: Line = [span(rule.repeat(columns), 'accent')];
  const above = rows >= TALL ? 2 : 1;
  const question = content.foot.slice(-Math.max(1, rows - above - 2));
  const below = question.length === 0 ? 0 : question.length + 1;
  const bodyRows = Math.max(1, rows - above - below);
  const end = (title: Line, body: readonly PlacedBlock[], scroll: WizardLayout['scroll']): WizardLayout => ({
    head: [title, ...(above > 1 ? [line] : [])].map((one) => fitLine(one, columns, more)),
    body: body.map((block) => fitted(block, columns, more)),
    bodyRows,
    foot: (below === 0 ? [] : [line, ...question]).map((one) => fitLine(one, columns, more)),
    scroll,
  });
  if (phase.step === 'run') {
    const shown = runLines(deck, phase.run, wizard.scroll, { columns, rows: bodyRows });
    const block: PlacedBlock = { kind: 'lines', lines: shown.lines, height: shown.lines.length };
    return end(titleLine(wizard, columns, runSituation(phase.run), more), [block], shown);
  }
  const total = content.blocks.reduce((sum, block) => sum + blockHeight(block), 0);
  const last = Math.max(0, total - bodyRows);
  const wanted = content.show
    ? Math.min(content.show.from, Math.max(0, content.show.to - bodyRows))
    : (wizard.scroll ?? 0);
  const from = Math.min(last, wanted);
  const key = pageKey(deck, from < last ? 'down' : 'up');
  const place =
    last === 0 || content.show
      ? []
      : [span(`${from + 1}-${from + bodyRows} of ${total}${key === undefined ? '' : `, ${key}`}`, 'muted')];
  const title = titleLine(wizard, columns, place, more);
  return end(title, windowBlocks(content.blocks, from, bodyRows), { first: 0, last });
}

/** The lines of a piece in exactly the width of the screen. */
function fitted(block: PlacedBlock, columns: number, more: string): PlacedBlock {
  return block.kind === 'table'
    ? block
    : { ...block, lines: block.lines.map((line) => fitLine(line, columns, more)) };
}

function contentOf(deck: Deck, wizard: Wizard, columns: number): Content {
  const { phase, operation, form } = wizard;
  const muted = (text: string): Block => lines([[], [span(`  ${text}`, 'muted')]]);
  switch (phase.step) {
    case 'loading':
      return { blocks: [muted('One moment.')], foot: [] };
    case 'form': {
      if (!operation) return { blocks: [], foot: [] };
      const { lines: fields, focus } = formLines(deck, operation, form, columns);
      const summary = wrap(sentence(wizard.entry.summary), columns - 3).map(
        (part): Line => [span(` ${part}`, 'muted')],
      );
      const blocks = [lines([...summary, [], ...fields])];
      const [from, to] = [focus.from + summary.length + 1, focus.to + summary.length + 1];
      return { blocks, foot: [], show: { from, to } };
    }
    case 'planning':
      return {
        blocks: [
          muted(
            `Looking at the server and the disk. Nothing is changed. ${keyOr(deck, 'plan.back')} goes back.`,
          ),
          ...(phase.looked === undefined ? [] : [muted(progressText(phase.looked, new Pace()))]),
        ],
        foot: [],
      };
    case 'plan':
      return {
        blocks: planDocument(deck, wizard, phase, columns).blocks,
        foot: planFoot(deck, wizard, phase, columns),
      };
    case 'confirm':
      return {
        blocks: planDocument(deck, wizard, phase, columns).blocks,
        foot: confirmFoot(deck, phase, columns, wizard.operation),
      };
    case 'run':
      return {
        blocks: [],
        foot: phase.asked ? cancelFoot(deck, phase.plan, phase.run, phase.asked.yes, columns) : [],
      };
    case 'result':
      return { blocks: resultBlocks(deck, wizard, phase.run, columns), foot: [] };
    case 'failed':
      return {
        blocks: [
          lines([
            [],
            ...endingLines(
              failedEnding(deck, wizard, cleanBlock(phase.reason)),
              columns,
              glyphsOf(deck).more,
            ),
          ]),
        ],
        foot: [],
      };
  }
}

function sentence(text: string): string {
  const clean = cleanLine(text);
  return `${clean.slice(0, 1).toUpperCase()}${clean.slice(1)}${clean.endsWith('.') ? '' : '.'}`;
}

/** What it is, and how far it has come. */
function titleLine({ entry, phase, operation }: Wizard, columns: number, note: Line, more: string): Line {
  const title = 'plan' in phase ? cleanLine(phase.plan.title) : entry.title;
  const asks = 'plan' in phase ? phase.plan.danger !== 'none' : entry.danger !== 'none';
  const road = ROAD.filter((step) => step !== 'confirm' || asks);
  const now = stepOf(phase, operation !== undefined);
  const steps = road.flatMap(
    (step, at): Line => [
      ...(at === 0 ? [] : [span(' > ', 'muted')]),
      step === now ? span(step.toUpperCase(), 'title') : span(step, 'muted'),
    ],
  );
  const of = span(`step ${road.indexOf(now) + 1} of ${road.length}`, 'muted');
  const short: Line = [span(now.toUpperCase(), 'title'), span(', '), of];
  const beside = (what: Line, road: Line): Line => [...(what.length > 0 ? [...what, GAP] : []), ...road];
  // how far it has come stays, whatever the title is: that gives way
  const tails = [beside(note, steps), beside(note, short), short];
  const least = Math.min(LEAST_TITLE, width(title));
  const tail = tails.find((one, at) => columns - lineWidth(one) - 3 >= (at === 0 ? width(title) : least));
  if (tail === undefined) return [span(` ${title}`, 'title')];
  return [span(` ${clip(title, columns - lineWidth(tail) - 3, more)}`, 'title'), GAP, ...tail];
}

function stepOf(phase: Phase, planned: boolean): (typeof ROAD)[number] {
  switch (phase.step) {
    case 'loading':
    case 'form':
      return 'form';
    case 'planning':
    case 'plan':
      return 'plan';
    case 'failed':
      return planned ? 'plan' : 'form';
    default:
      return phase.step;
  }
}
