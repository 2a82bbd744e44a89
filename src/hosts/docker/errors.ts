import { CommandError } from '../host.ts';

interface At {
  /** Name or id, as it is set. */
  readonly container: string;
}

/** Why a container is not reached. */
export const dockerErrors = {
  daemon: ({ said }: { said: string }) =>
    new CommandError(
      'other',
      'docker does not reach its daemon: see that it runs (docker info), that DOCKER_HOST or the context is right, and that this user may use it.',
      said,
    ),
  none: ({ container }: At) =>
    new CommandError(
      'missing',
      `There is no container ${container}: docker ps -a names those that there are.`,
    ),
  gone: ({ container }: At) =>
    new CommandError(
      'gone',
      `The container ${container} that this began with is not there any more: it is not gone on with in another. Start again.`,
    ),
  restarted: ({ container }: At) =>
    new CommandError(
      'gone',
      `The container ${container} was started anew since this began: it is not gone on with. Start again when it runs steadily.`,
    ),
  stopped: ({ container }: At) =>
    new CommandError('missing', `The container ${container} does not run: docker start ${container}.`),
  ended: ({ container }: At) =>
    new CommandError('gone', `The container ${container} was stopped meanwhile: docker start ${container}.`),
  paused: ({ container }: At) =>
    new CommandError('other', `The container ${container} is paused: docker unpause ${container}.`),
  noShell: ({ container }: At) =>
    new CommandError(
      'missing',
      `There is no shell (sh) in the container ${container}, which every command there needs: use an image that has one.`,
    ),
  user: ({ container, said }: At & { said: string }) =>
    new CommandError(
      'other',
      `The container ${container} does not know the user that programs are to run as: see the profile's runs_on.user.`,
      said,
    ),
  unread: ({ container }: At) =>
    new CommandError('other', `What docker says of the container ${container} is not understood.`),
  failed: ({ container, said }: At & { said: string }) =>
    new CommandError(
      'other',
      `docker could not run a command in the container ${container}: ${said.trim().split('\n').at(-1) ?? ''}`,
      said,
    ),
};
