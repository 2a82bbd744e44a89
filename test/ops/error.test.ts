import { expect, test } from 'vitest';
import { dbError } from '../../src/db/errors.ts';
import { sentenceOf } from '../../src/ops/error.ts';

const sentence = (code: string, message: string) =>
  sentenceOf(dbError(Object.assign(new Error(message), { code })));

test('what meets a lock says who is to be looked for, and what to do then', () => {
  expect(sentence('55P03', 'canceling statement due to lock timeout')).toBe(
    'The server gave it up: canceling statement due to lock timeout. See who holds the lock with: pgdeck show locks. Then try again.',
  );
  expect(sentence('57014', 'canceling statement due to statement timeout')).toBe(
    'The server gave it up: canceling statement due to statement timeout. Try again when it has less to do.',
  );
});
