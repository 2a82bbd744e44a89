import { cleanLine } from '../../text/clean.ts';
import { fitEnds, fitLine, type Line, span } from '../../text/line.ts';
import { duration, plural } from '../../text/units.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { LEVEL_TONE, marked, SEVERITY_LEVEL } from '../core/model.ts';

/** The worst alert, how long it has stood, and how many others do. */
export function alertLine(deck: Deck, columns: number): Line {
  const [worst, ...others] = deck.state.alerts;
  if (worst === undefined) return [];
  const { more } = glyphsOf(deck);
  const level = SEVERITY_LEVEL[worst.severity];
  const age = duration(Math.max(0, deck.ports.wallClock() - worst.since) / 1000);
  const rest = others.length === 0 ? '' : `, ${plural(others.length, 'other alert')}`;
  const left = [
    { priority: 1, spans: [span(`${marked(level, '')}${cleanLine(worst.title)}`, LEVEL_TONE[level])] },
  ];
  const right = [{ priority: 1, spans: [span(`for ${age}${rest} (9)`, 'muted')] }];
  return fitLine(fitEnds(left, right, columns), columns, more);
}
