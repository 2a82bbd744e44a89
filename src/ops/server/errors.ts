import { defineErrors, failed } from '../error.ts';

const LOG = 'Its log says more: pgdeck log --since 5m';

export const serverErrors = defineErrors('server', {
  newWork: ({ what }: { what: string }) =>
    failed(
      `Since this was planned ${what} has begun on the server, which a restart would end. It was not restarted.`,
      'Wait for it, or plan the restart again.',
    ),
  commandFailed: ({ command, why }: { command: string; why: string }) =>
    failed(`The server was not restarted, ${command} has failed: ${why}`, 'It goes on as it was.'),
  notRestarted: ({ command, seconds }: { command: string; seconds: number }) =>
    failed(
      `The server that answers after ${seconds} s is the one from before: ${command} has not restarted it.`,
      'See that the command is about this server, and the one in the profile too.',
    ),
  notBack: ({
    seconds,
    why,
    state,
    log,
    back,
  }: {
    seconds: number;
    why: string;
    state: string | undefined;
    log: readonly string[];
    back: string;
  }) =>
    failed(
      [
        `The server does not accept connections ${seconds} s after its restart was begun: ${why}`,
        ...(state === undefined ? [] : [state]),
        ...(log.length === 0 ? ['Its log could not be read from here.'] : ['Its last words:', ...log]),
      ].join('\n'),
      back,
    ),
  otherServer: ({ before, after }: { before: string; after: string }) =>
    failed(
      `Another server answers than before: its system identifier was ${before} and is ${after}.`,
      'See what listens at that address, and which data directory it was started with.',
    ),
  noAnswer: () => failed('The server has answered nothing.', LOG),
});
