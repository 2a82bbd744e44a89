import { isSimple } from './simple.ts';

/** What stands alone whatever is beside it, in texts without carriage returns. */
const CONTROLS = /[\u001b\n]/g;
let segmenter: Intl.Segmenter | undefined;

/** What {@link Intl.Segmenter} gives, which is made when the first text needs it: its tables take 10 ms to load. */
function exactGraphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** What a person would call characters, one after the other; escapes and line feeds stand alone. */
export function graphemes(text: string): Iterable<{ readonly segment: string; readonly index: number }> {
  return isSimple(text.replaceAll(CONTROLS, ''))
    ? Array.from(text, (segment, index) => ({ segment, index }))
    : exactGraphemes(text);
}
