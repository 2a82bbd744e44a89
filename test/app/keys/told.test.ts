import { afterAll, beforeAll, expect, test } from 'vitest';
import { tellFaults } from '../../../src/app/keys/told.ts';
import { footerLine } from '../../../src/app/screen/footer.ts';
import { lineText } from '../../../src/text/line.ts';
import { serverTarget } from '../../support/cluster.ts';
import { Stage } from '../stage.ts';

let stage: Stage;
beforeAll(() => {
  stage = new Stage(serverTarget());
});
afterAll(() => stage?.stop());

test('in 80 columns a fault of the settings says where it stands and why, its log the whole path', () => {
  const file = '/home/somebody/with/a/long/path/to/its/settings/pgdeck/config.json';
  const fault = `${file}:14:5: field "keys.signal.terminate": it can destroy something, and ^K is too near.`;
  tellFaults(stage.deck, 'The usual keys hold.', file, [fault, `${file}:15:5: field "keys.x": no such.`]);
  expect(lineText(footerLine(stage.deck, 80))).toContain(
    ' config.json:14:5: signal.terminate: it can destroy something, and ^K is too ne…',
  );
  expect(lineText(footerLine(stage.deck, 200))).toContain('too near. The usual keys hold. 1 more: L.');
  expect(stage.deck.state.log.map(({ text }) => text)).toContain(fault);
});
