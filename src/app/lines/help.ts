import { type Line, span } from '../../text/line.ts';
import { fit } from '../../text/width.ts';
import type { Scope } from '../actions/action.ts';
import { keysOf } from '../actions/keys.ts';
import { ACTIONS } from '../actions/registry.ts';
import type { Deck } from '../deck.ts';
import { marksOf } from './marks.ts';
import type { Reading } from './reader.ts';

const GROUPS: readonly (readonly [title: string, scopes: readonly Scope[]])[] = [
  ['Screens and everything', ['screen', 'quit', 'always']],
  ['Rows', ['table', 'row']],
  ['In help, details, messages, plans', ['reader']],
  ['In a question', ['dialog']],
  ['While typing', ['field', 'palette']],
];

/** Every key there is, as the action table has it; those that cannot be used now say why. */
export function helpReading(deck: Deck): Reading {
  const { more } = marksOf(deck);
  const lines = GROUPS.flatMap(([title, scopes]): Line[] => {
    const actions = ACTIONS.filter((a) => scopes.includes(a.scope) && a.keys.length > 0);
    return [
      [span(` ${title}`, 'accent')],
      ...actions.map((a): Line => {
        const reason = a.danger && deck.readOnly ? 'absent: read-only' : undefined;
        return [
          span(`  ${fit(keysOf(a, deck.ascii), 20, 'left', more)}`, 'key'),
          span(a.title),
          ...(reason ? [span(`  (${reason})`, 'muted')] : []),
        ];
      }),
      [],
    ];
  });
  return {
    title: [span(' Help', 'title'), span('  every key; : opens the same by name', 'muted')],
    lines: [
      ...lines,
      [span(' Colours and marks', 'accent')],
      [
        span('  ! warning'),
        span('   !! alert', 'alert'),
        span('   !!! critical', 'critical'),
        span('   ~ estimated   - not known'),
      ],
    ],
  };
}
