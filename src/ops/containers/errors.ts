import { defineErrors, failed, refused } from '../error.ts';

export const containerErrors = defineErrors('containers', {
  noDocker: ({ why }: { why: string }) =>
    refused(
      `docker cannot be asked from this machine: ${why}`,
      'Install its client, or let this user reach the daemon: docker info tells.',
    ),
  noContainer: ({ container, said }: { container: string; said: string }) =>
    refused(
      `docker knows no container ${container}: ${said}`,
      'See which there are with: docker ps --all. The profile names it in runs_on.container.',
    ),
  strange: ({ what }: { what: string }) =>
    failed(
      `docker has answered something about ${what} that is not understood.`,
      'Look at it with: docker inspect',
    ),
});
