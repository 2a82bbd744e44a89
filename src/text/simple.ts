/**
 * ASCII and the signs of frames, bars and marks: one cell each, none joins its neighbour. Most lines are made of them,
 * and asking a table of Unicode properties for each character is what drawing a screen would spend its time on.
 */
const SIMPLE = /^[\x20-\x7e·…←-↓─-▟▲▶▼]*$/;

/** Whether every character of the text is one UTF-16 unit long and one cell wide. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}
