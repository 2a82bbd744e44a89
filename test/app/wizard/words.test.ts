import { expect, test } from 'vitest';
import { ACTIONS } from '../../../src/app/actions/registry.ts';
import { SCREENS } from '../../../src/app/views/registry.ts';
import { fieldNamed } from '../../../src/app/wizard/command-words.ts';
import { inConsole } from '../../../src/app/wizard/words.ts';
import { entryOf } from '../../../src/ops/registry.ts';

const keys = { actions: ACTIONS, ascii: false };
const up = await entryOf('migrate up')?.load();

test.each([
  ['Name it with --dir.', 'Name it with "Directory".', 'dir'],
  ['Not with --no-backup.', 'Not with "Safety backup" off.', 'no_backup'],
  [
    'See pgdeck runs list, or pgdeck recover 20260101T000000-a.',
    'See 8 (Operations), or :recover 20260101T000000-a.',
    undefined,
  ],
  // it is typed here, where the connection is already
  [
    'Fix it, then: pgdeck -h db -p 5432 -U postgres -d shop migrate up --tool sql --dir /x/y.z',
    'Fix it, then: :migrate up --tool sql --dir /x/y.z',
    undefined,
  ],
  [
    "Repair it with: pgdeck --profile 'my db' -d shop migrate repair users_email --dir '/a b'. Not with --dir.",
    `Repair it with: :migrate repair users_email --dir '/a b'. Not with "Directory".`,
    'dir',
  ],
  [
    'Roll back to it: pgdeck migrate down --to VERSION',
    'Roll back to it: :migrate down --to VERSION',
    undefined,
  ],
  [
    'See who with pgdeck show locks, or end it with: pgdeck terminate 4711, or add --wait.',
    'See who with 3 (Locks), or end it with: :terminate 4711, or add "Wait".',
    'wait',
  ],
  ['It says: pgdeck migrate status. Then again.', 'It says: :migrate verify. Then again.', undefined],
  ['Use pgdeck restore and look.', 'Use :restore and look.', undefined],
  // the console has none of these
  ['pgdeck profile add x --dir y', 'pgdeck profile add x --dir y', undefined],
  ['pgdeck backups delete a_1 && pgdeck undo 2', 'pgdeck backups delete a_1 && pgdeck undo 2', undefined],
  ['It says --directory.', 'It says --directory.', undefined],
])('%s', (text, said, field) => {
  expect(inConsole(keys, text, up)).toBe(said);
  expect(fieldNamed(text, up)?.id).toBe(field);
});

test('what prints a view is its screen here, called by its own key', () => {
  for (const { id, key, title, panes, dashboard } of SCREENS) {
    if (dashboard !== undefined) continue;
    const { id: name, listedBy = `show ${name}` } = panes.find((view) => view.id === id) ?? panes[0];
    expect(inConsole(keys, `pgdeck ${listedBy}`, undefined)).toBe(
      key === undefined ? `:${id}` : `${key} (${title})`,
    );
  }
});
