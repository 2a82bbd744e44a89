import { CommandError } from '../host.ts';
import { installHint } from '../start-error.ts';

interface At {
  /** What ran, by its name. */
  readonly program: string;
  /** Where: `container shop-db`. */
  readonly label: string;
}

/** Why a command somewhere else could not run, or why nothing is believed of it. */
export const remoteErrors = {
  lost: ({ program, label, stderr }: At & { stderr: string }) =>
    new CommandError(
      'gone',
      `The way to ${label} was lost while ${program} ran there: nothing is known of how it ended. See that ${label} is reached, then start again.`,
      stderr,
    ),
  replaced: ({ label }: Pick<At, 'label'>) =>
    new CommandError(
      'gone',
      `${label} was started anew since this began: it is not gone on with. Start again when it runs steadily.`,
    ),
  altered: ({ program, label, stderr, bytes }: At & { stderr: string; bytes: number }) =>
    new CommandError(
      'transfer',
      `What ${program} wrote in ${label} did not arrive as it was written (${bytes} bytes came): nothing of it is used. Start again.`,
      stderr,
    ),
  missing: ({ program, label }: At) =>
    new CommandError('missing', `${program} was not found in ${label}: ${installHint(program, 'there')}.`),
  denied: ({ program, label }: At) =>
    new CommandError(
      'denied',
      `${program} may not be run in ${label} by this user: check its permissions there.`,
    ),
  directory: ({ program, label }: At) =>
    new CommandError(
      'other',
      `${program} could not be started in ${label}: its working directory is not there or is closed to this user.`,
    ),
  tool: ({ tool, label }: Pick<At, 'label'> & { tool: string }) =>
    new CommandError(
      'missing',
      `${tool} was not found in ${label}, without which no command is carried there: ${installHint(tool, 'there')}.`,
    ),
  group: ({ label }: Pick<At, 'label'>) =>
    new CommandError(
      'missing',
      `The shell in ${label} shares its process group and setsid was not found, without which nothing can be ended there: ${installHint('setsid', 'there')}.`,
    ),
  killed: ({ program, label, signal, stderr }: At & { signal: string; stderr: string }) =>
    new CommandError('signal', `${program} was killed by ${signal} in ${label}.`, stderr),
  user: ({ program, label }: At) =>
    new CommandError('other', `${program} cannot be run as another user in ${label}: name the user there.`),
  noPgdeck: ({ label }: Pick<At, 'label'>) =>
    new CommandError('missing', `pgdeck is not installed in ${label}: it runs on this machine.`),
  cut: ({ path, label }: Pick<At, 'label'> & { path: string }) =>
    new CommandError(
      'transfer',
      `The copy of ${path} to ${label} was cut: it was removed there. Start again.`,
    ),
  copy: ({ path, label, removed }: Pick<At, 'label'> & { path: string; removed: boolean }) =>
    new CommandError(
      'transfer',
      `${path} in ${label} is not what was sent: ${removed ? 'the copy was removed' : 'it could not be removed there, do so'}. Start again.`,
    ),
};

/** What all ways say of a place that does not carry a run on; `what` is `container shop`, without an article. */
export const placeErrors = {
  gone: ({ what }: { what: string }) =>
    new CommandError(
      'gone',
      `The ${what} that this began with is not there any more: it is not gone on with in another. Start again.`,
    ),
  restarted: ({ what }: { what: string }) =>
    new CommandError(
      'gone',
      `The ${what} was started anew since this began: it is not gone on with. Start again when it runs steadily.`,
    ),
  noShell: ({ what }: { what: string }) =>
    new CommandError(
      'missing',
      `There is no shell (sh) in the ${what}, which every command there needs: use an image that has one.`,
    ),
};
