import type { FoundPod } from '../../hosts/kubectl/find.ts';
import { shellWord } from '../../text/shell.ts';
import { note, type OutputColumn, printTable } from '../output.ts';

const COLUMNS: readonly OutputColumn[] = [
  { key: 'pod', title: 'POD' },
  { key: 'image', title: 'IMAGE' },
  { key: 'container', title: 'CONTAINER' },
  { key: 'state', title: 'STATE' },
];

/** Lists pods that hold a server, with the command that adds each. */
export async function printPods(pods: readonly FoundPod[]): Promise<void> {
  await printTable(
    pods.map(({ namespace, name, image, container, phase }) => ({
      ...{ pod: `${namespace}/${name}`, image, container },
      state: phase.toLowerCase(),
    })),
    COLUMNS,
  );
  for (const { namespace, name, container, several } of pods) {
    const words = [name, '--pod', `${namespace}/${name}`, ...(several ? ['--container', container] : [])];
    note(`pgdeck profile add ${words.map(shellWord).join(' ')}`);
  }
}
