import { defineErrors, failed, refused } from '../error.ts';

const BACK = 'Start it with the command of the next step, or with: pgdeck recover';

export const composeErrors = defineErrors('compose', {
  noContainer: () =>
    refused(
      'The profile does not say in which container the server runs.',
      'Name its service: "runs_on": {"kind": "compose", "project": "NAME", "service": "NAME"}, or: pgdeck profile add NAME --compose PROJECT/SERVICE',
    ),
  notComposed: ({ container }: { container: string }) =>
    refused(
      `The container ${container} was not made by docker compose: it has no label of a project.`,
      'Reset it the way that it was made.',
    ),
  commandFailed: ({ command, why }: { command: string; why: string }) =>
    failed(`${command} has failed: ${why}`, BACK),
  notBack: ({ seconds, why }: { seconds: number; why: string }) =>
    failed(
      `The server does not accept connections ${seconds} s after it was started anew: ${why}`,
      'Look at what the containers say: docker compose ps, docker compose logs',
    ),
  sameServer: ({ identifier }: { identifier: string }) =>
    failed(
      `The server that answers has the data from before: its system identifier is ${identifier} still.`,
      'See which volume it uses: docker inspect',
    ),
  changed: ({ volume, by }: { volume: string; by: string }) =>
    failed(`The volume ${volume} is used by ${by} still. It was not removed.`, BACK),
});
