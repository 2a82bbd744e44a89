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
  unread: ({ program, what }: { program: string; what: string }) =>
    failed(`What ${program} says of ${what} is not understood.`, BACK),
  noUnit: ({ unit }: { unit: string }) =>
    failed(`systemd knows no unit ${unit} where the application’s commands run: it was not stopped.`, BACK),
  stillRuns: ({ what }: { what: readonly string[] }) =>
    failed(`${what.join(', ')} still run${what.length === 1 ? 's' : ''}, although told to stop.`, BACK),
  notUp: ({ what, logs }: { what: readonly string[]; logs: string }) =>
    failed(
      `${what.join(', ')} ${what.length === 1 ? 'does' : 'do'} not run after the start.`,
      `Why: ${logs}`,
    ),
  notDown: ({ what, seconds, there }: { what: string; seconds: number; there: number }) =>
    failed(`${what} still has ${there} pods ${seconds} s after it was to have none.`, BACK),
  notHealthy: ({ url, seconds, last }: { url: string; seconds: number; last: string }) =>
    failed(
      `The application does not answer as expected at ${url} after ${seconds} s: ${last.replace(/\.?$/, '.')}`,
      'What was done to the database stays. Look at the application’s own log.',
    ),
});
