import { cleanLine } from '../../text/clean.ts';
import { CommandError } from '../host.ts';
import { placeErrors } from '../remote/errors.ts';

interface At {
  /** Name or id, as it is set. */
  readonly container: string;
}

/** Where docker has looked for its daemon, as its words have it: ` at unix:///var/run/docker.sock`. */
function addressIn(said: string): string {
  const [, address] = /\b((?:unix|tcp|npipe|https?|ssh):\/\/[^\s,"]+?)[.:]?(?=[\s,"]|$)/.exec(said) ?? [];
  return address === undefined ? '' : ` at ${cleanLine(address)}`;
}

/** Why a container is not reached. */
export const dockerErrors = {
  daemon: ({ said }: { said: string }) =>
    new CommandError(
      'other',
      `docker does not reach its daemon${addressIn(said)}: see that it runs (sudo systemctl status docker), and that DOCKER_HOST or the context is right.`,
      said,
    ),
  denied: ({ said }: { said: string }) =>
    new CommandError(
      'denied',
      `This user may not use docker${addressIn(said)}: an administrator adds it to the group docker (sudo usermod -aG docker USER, and log in again), or pgdeck is run by one who may.`,
      said,
    ),
  none: ({ container }: At) =>
    new CommandError(
      'missing',
      `There is no container ${container}: docker ps -a names those that there are.`,
    ),
  gone: ({ container }: At) => placeErrors.gone({ what: `container ${container}` }),
  restarted: ({ container }: At) => placeErrors.restarted({ what: `container ${container}` }),
  again: ({ container }: At) =>
    new CommandError(
      'gone',
      `The container ${container} has ended and docker starts it again: this is not gone on with. docker logs ${container} says why it ended; start again when it runs steadily.`,
    ),
  stopped: ({ container, exitCode = 0 }: At & { exitCode?: number }) =>
    new CommandError(
      'missing',
      exitCode === 0
        ? `The container ${container} does not run: docker start ${container}.`
        : `The container ${container} does not run: it ended with exit code ${exitCode}, and docker logs ${container} says why. To start it: docker start ${container}.`,
    ),
  restarting: ({ container, exitCode = 0 }: At & { exitCode?: number }) =>
    new CommandError(
      'missing',
      `The container ${container} ends and is started again${exitCode === 0 ? '' : `, with exit code ${exitCode}`}: docker logs ${container} says why.`,
    ),
  ended: ({ container }: At) =>
    new CommandError(
      'gone',
      `The container ${container} was stopped meanwhile, and is down: docker start ${container}.`,
    ),
  paused: ({ container }: At) =>
    new CommandError('other', `The container ${container} is paused: docker unpause ${container}.`),
  noShell: ({ container }: At) => placeErrors.noShell({ what: `container ${container}` }),
  user: ({ container, said }: At & { said: string }) =>
    new CommandError(
      'other',
      `The container ${container} does not know the user that programs are to run as: see the profile's runs_on.user.`,
      said,
    ),
  noLog: ({ container }: At) =>
    new CommandError(
      'other',
      `docker keeps no log of the container ${container} that can be read: its logging driver (docker inspect -f '{{.HostConfig.LogConfig.Type}}' ${container}) sends it elsewhere, or drops it. With json-file, local or journald it is read here.`,
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
