import { expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { script } from './stage.ts';
import { wizards } from './wizards.ts';

const { made } = wizards();

test('a plan that takes long says how far it is, and nothing of it once it is made', async () => {
  let on = () => {};
  const stage = made(
    script({
      look: async ({ looking }) => {
        looking({ label: 'rows looked at', done: 250_000, of: 1_000_000, unit: 'rows' });
        await new Promise<void>((resolve) => {
          on = resolve;
        });
        looking({ label: 'rows looked at', done: 1_000_000, of: 1_000_000, unit: 'rows' });
      },
    }),
  );
  await stage.start();
  await stage.form();
  stage.type('shop');
  stage.keys('enter');
  await until(() => stage.text.includes('rows looked at'), { what: 'how far it is' });
  expect(stage.text).toMatch(/Nothing is changed\. Esc goes back\.\s+rows looked at 25% \(250k of 1\.0M\)/);
  on();
  await stage.at('plan');
  expect(stage.text).not.toContain('rows looked at');
});
