import { ACTIONS } from '../../../src/app/actions/registry.ts';

/** Where something is typed, only keys that are no characters can be had. */
const TYPED: Readonly<Record<string, string>> = {
  interrupt: '^G',
  suspend: '^Y',
  'field.enter': '^F',
  'field.escape': '^X',
  'palette.down': '^D',
  'palette.up': '^T',
  'form.next': '^B',
  'form.previous': '^V',
  'form.down': '^D',
  'form.up': '^L',
  'form.pagedown': '^O',
  'form.pageup': '^R',
  'form.enter': '^F',
  'form.back': '^X',
};

/** Settings that move every action to a key of its own, which no keyboard has by chance: Canadian syllables. */
export const MOVED: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  ACTIONS.map(({ id }, i) => [id, [TYPED[id] ?? String.fromCodePoint(0x1401 + i)]]),
);
