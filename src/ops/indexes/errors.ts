import { defineErrors, failed, refused } from '../error.ts';

export const indexesErrors = defineErrors('indexes', {
  changed: ({ index, why }: { index: string; why: string }) =>
    failed(`${index} is not what was planned any more: ${why}`, 'Plan it again.'),
  nameTaken: ({ index, why }: { index: string; why: string }) =>
    failed(`There is an index ${index}, and it is another one: ${why}.`, 'Drop or rename it first.'),
  stillThere: ({ index }: { index: string }) => failed(`${index} is still there.`, 'Try it again.'),
  halfDropped: ({ index }: { index: string }) =>
    failed(
      `${index} is INVALID: dropping it was begun and is not finished. No query uses it any more.`,
      `To finish: pgdeck indexes drop --index ${index}`,
    ),
  notAsMeant: ({ index, why }: { index: string; why: string }) =>
    failed(`${index} was made, and is not as it was meant: ${why}`, 'See: pgdeck show indexes'),
  parentInvalid: ({ index, missing }: { index: string; missing: readonly string[] }) =>
    failed(
      `${index} is not valid yet${missing.length === 0 ? '.' : `: ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} none that is attached to it.`}`,
      'The same command again goes on where it is.',
    ),
  beingBuilt: ({ index, pid }: { index: string; pid: number }) =>
    failed(`Session ${pid} is building ${index} now.`, 'Wait until it is done, or cancel it first.'),
  noElement: ({ text, why }: { text: string; why: string }) =>
    refused(
      `${text} is no column or expression of an index: ${why}.`,
      'Name a column, or write an expression as in CREATE INDEX: lower(email)',
    ),
  strangePart: ({ part, why }: { part: string; why: string }) =>
    refused(`${part} cannot be used: ${why}.`, 'Write what CREATE INDEX takes there, and nothing else.'),
  noColumn: ({ table, column, alike }: { table: string; column: string; alike: readonly string[] }) =>
    refused(
      `${table} has no column ${column}.`,
      alike.length === 0 ? 'Check the name.' : `Did you mean ${alike.join(' or ')}?`,
    ),
  noFacts: ({ run }: { run: string }) =>
    refused(`${run} has not recorded what it has done.`, 'See what it did with: pgdeck runs show'),
  nothingMade: ({ run }: { run: string }) =>
    refused(`${run} has left nothing to take back.`, 'See: pgdeck runs list'),
});
