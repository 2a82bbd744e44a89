import { CommandError } from '../host.ts';

interface Of {
  readonly project: string;
  readonly service: string;
}

/** Why the container of a service is not found. */
export const composeErrors = {
  noProject: ({ project }: Pick<Of, 'project'>) =>
    new CommandError(
      'missing',
      `There is no container of a project ${project}: docker ps --format '{{.Label "com.docker.compose.project"}}' names those that there are. Start it with docker compose up -d.`,
    ),
  noService: ({ project, service, others }: Of & { others: readonly string[] }) =>
    new CommandError(
      'missing',
      `The project ${project} has no container of a service ${service}; it has ${others.join(', ')}.`,
    ),
  stopped: ({ project, service }: Of) =>
    new CommandError(
      'missing',
      `The service ${service} of ${project} does not run: docker compose -p ${project} start ${service}.`,
    ),
  several: ({ project, service, names }: Of & { names: readonly string[] }) =>
    new CommandError(
      'other',
      `The service ${service} of ${project} has several containers (${names.join(', ')}), and only one can be meant: name it with "kind": "docker".`,
    ),
};
