import { CommandError } from '../host.ts';
import { placeErrors } from '../remote/errors.ts';

interface At {
  /** As it is set or was found. */
  readonly pod: string;
}

/** Why a pod is not reached. */
export const kubectlErrors = {
  cluster: ({ said, why }: { said: string; why: string }) =>
    new CommandError('other', `kubectl does not reach its cluster: ${why}`, said),
  forbidden: ({ said }: { said: string }) =>
    new CommandError(
      'denied',
      `The cluster does not let this user do it: ${lastLine(said)} kubectl auth can-i --list says what it may.`,
      said,
    ),
  none: ({ pod }: At) =>
    new CommandError(
      'missing',
      `There is no pod ${pod}: kubectl get pods names those that there are, in the namespace that is meant.`,
    ),
  noneOf: ({ selector }: { selector: string }) =>
    new CommandError(
      'missing',
      `No pod has the labels ${selector}: kubectl get pods --show-labels shows what they have.`,
    ),
  several: ({ selector, pods }: { selector: string; pods: readonly string[] }) =>
    new CommandError(
      'other',
      `Several pods have the labels ${selector} (${pods.join(', ')}), and only one can be meant: name it as "pod", or add a label that it alone has.`,
    ),
  down: ({ why }: { why: string }) => new CommandError('missing', why),
  gone: ({ pod }: At) => placeErrors.gone({ what: `pod ${pod}` }),
  replaced: ({ pod }: At) =>
    new CommandError(
      'gone',
      `The pod ${pod} is another one than when this began (its UID differs): it is not gone on with. Start again when it runs steadily.`,
    ),
  leaving: ({ pod }: At) =>
    new CommandError(
      'gone',
      `The pod ${pod} is being deleted: it is not gone on with. Start again with the next.`,
    ),
  restarted: ({ pod, container }: At & { container: string }) =>
    placeErrors.restarted({ what: `container ${container} of ${pod}` }),
  noContainer: ({ pod, container, has }: At & { container: string; has: readonly string[] }) =>
    new CommandError('missing', `The pod ${pod} has no container ${container}; it has ${has.join(', ')}.`),
  whichContainer: ({ pod, has }: At & { has: readonly string[] }) =>
    new CommandError(
      'other',
      `The pod ${pod} has several containers (${has.join(', ')}): name that of the server as runs_on.container.`,
    ),
  noWorkload: ({ workload, kind }: { workload: string; kind: string }) =>
    new CommandError(
      'missing',
      `There is no ${workload} in that namespace: kubectl get ${kind}s names those that there are.`,
    ),
  noShell: ({ pod }: At) => placeErrors.noShell({ what: `pod ${pod}` }),
  unread: () =>
    new CommandError('other', 'What kubectl says is not understood: is it kubectl that is on PATH?'),
  failed: ({ said }: { said: string }) =>
    new CommandError('other', `kubectl has failed: ${lastLine(said)}`, said),
};

/** What kubectl says last, as a sentence. */
function lastLine(said: string): string {
  const line = (said.trim().split('\n').at(-1) ?? '').replace(
    /^(?:error|Error from server(?: \(\w+\))?): /,
    '',
  );
  return /[.!?]$/.test(line) ? line : `${line || 'it says nothing'}.`;
}
