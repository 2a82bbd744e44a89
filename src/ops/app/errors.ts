import { defineErrors, failed } from '../error.ts';

const BACK = 'What was stopped before is started again now.';

export const appErrors = defineErrors('app', {
  noProject: ({ services }: { services: readonly string[] }) =>
    failed(
      `Of which project ${services.join(', ')} are is not known.`,
      'Name it in the profile: app.stop with "project", as docker compose ls has it.',
    ),
  noService: ({ project, service }: { project: string; service: string }) =>
    failed(`The project ${project} has no container of a service ${service}: nothing was stopped.`, BACK),
  noCompose: () =>
    failed('Neither docker compose nor docker-compose is where the application’s commands run.', BACK),
  unread: ({ what }: { what: string }) => failed(`What kubectl says of ${what} is not understood.`, BACK),
  notDown: ({ what, seconds, there }: { what: string; seconds: number; there: number }) =>
    failed(`${what} still has ${there} pods ${seconds} s after it was to have none.`, BACK),
  notHealthy: ({ url, seconds, last }: { url: string; seconds: number; last: string }) =>
    failed(
      `The application does not answer as expected at ${url} after ${seconds} s: ${last}`,
      'What was done to the database stays. Look at the application’s own log.',
    ),
});
