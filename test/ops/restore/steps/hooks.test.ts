import { expect, test } from 'vitest';
import { afterStep, beforeStep, type Hooks } from '../../../../src/ops/restore/steps/hooks.ts';

const before = 'systemctl stop shop';
const after = 'systemctl start shop';

test('the commands around an interruption are shown with where they run', () => {
  const state = { stopped: false, replaced: false };
  const shown = (place: Hooks['place']) =>
    [...beforeStep({ before, after, place }, state), ...afterStep({ before, after, place }, state)].map(
      ({ preview }) => preview,
    );
  expect(shown({ kind: 'local' })).toEqual([`sh -c '${before}'`, `sh -c '${after}'`]);
  expect(shown({ kind: 'docker', container: 'app' })).toEqual([
    `on the container app: sh -c '${before}'`,
    `on the container app: sh -c '${after}'`,
  ]);
  expect(shown({ kind: 'ssh', destination: 'web1' })[0]).toBe(`on web1: sh -c '${before}'`);
});
