import { expect, test } from 'vitest';
import { fieldNamed, inConsole } from '../../../src/app/wizard/words.ts';
import { entryOf } from '../../../src/ops/registry.ts';

const up = await entryOf('migrate up')?.load();

test.each([
  ['Name it with --dir.', 'Name it with "Directory".', 'dir'],
  ['Not with --no-backup.', 'Not with "Safety backup" off.', 'no_backup'],
  [
    'See pgdeck runs list, or pgdeck recover 20260101T000000-a.',
    'See 8 (Operations), or :recover 20260101T000000-a.',
    undefined,
  ],
  // a command that is for a shell is copied from here
  [
    'Fix it, then: pgdeck -h db migrate up --dir x',
    'Fix it, then: pgdeck -h db migrate up --dir x',
    undefined,
  ],
  ['It says --directory.', 'It says --directory.', undefined],
])('%s', (text, said, field) => {
  expect(inConsole(text, up)).toBe(said);
  expect(fieldNamed(text, up)?.id).toBe(field);
});
