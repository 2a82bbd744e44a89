import { expect, test } from 'vitest';
import { dbError } from '../../src/db/errors.ts';
import { defineErrors, failed, OpError, refused, sentenceOf } from '../../src/ops/error.ts';

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

test('an error keeps its facts and its name in another kind and with another next step', () => {
  const errors = defineErrors('room', {
    noFile: ({ path }: { path: string }) => refused(`There is no file ${path}.`, 'Name another one.'),
    over: () => failed('It is over.'),
  });
  const facts = { path: '/backups/shop' };
  const cause = new Error('ENOENT');
  const error = errors.noFile(facts, cause);
  expect(error).toMatchObject({ kind: 'refused', code: 'room.noFile', facts, cause });
  expect(sentenceOf(error)).toBe('There is no file /backups/shop. Name another one.');
  expect(error.as('failed')).toMatchObject({ kind: 'failed', code: 'room.noFile', facts, cause: error });
  expect(sentenceOf(error.withNext('Wait.'))).toBe('There is no file /backups/shop. Wait.');
  expect(errors.over(cause)).toMatchObject({ kind: 'failed', code: 'room.over', facts: {}, cause });
});

test('errors that are told apart by who catches them are of their class', () => {
  class Damage extends OpError {}
  const { missing } = defineErrors('room', { missing: () => failed('It is missing.') }, Damage);
  expect(missing()).toBeInstanceOf(Damage);
  expect(missing()).toMatchObject({ name: 'OpError', code: 'room.missing' });
});
