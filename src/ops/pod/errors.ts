import { defineErrors, failed, refused } from '../error.ts';

export const podErrors = defineErrors('pod', {
  noPod: () =>
    refused(
      'The profile does not say in which pod the server runs.',
      'Name it: "runs_on": {"kind": "kubectl", "namespace": "…", "pod": "…"}; pgdeck profile add --pod finds it.',
    ),
  commandFailed: ({ command, why }: { command: string; why: string }) =>
    failed(`${command} has failed: ${why}`, 'Look at the cluster: kubectl get pods'),
  notBack: ({ pod, seconds, why }: { pod: string; seconds: number; why: string }) =>
    failed(
      `${pod} is not ready ${seconds} s later: ${why}`,
      'The cluster goes on with it. What it says: kubectl describe pod, kubectl logs --previous',
    ),
});
