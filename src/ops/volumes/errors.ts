import { defineErrors, failed, refused } from '../error.ts';

interface Of {
  /** As the profile names it. */
  readonly volume: string;
}

const OTHER = 'Use another backup, or see what it holds: tar -tvzf FILE';

export const volumesErrors = defineErrors('volumes', {
  noContainer: () =>
    refused(
      'Volumes are those of the container that the server runs in, and the profile names none.',
      'Name it: "runs_on": {"kind": "docker", "container": "NAME"}; docker ps lists them.',
    ),
  none: ({ volume }: Of) =>
    refused(`There is no volume ${volume}.`, 'docker volume ls names those there are.'),
  thereNow: ({ volume }: Of) =>
    failed(`There is a volume ${volume} now, which was not there before.`, 'Start again.'),
  notMounted: ({ volume, container }: Of & { container: string }) =>
    refused(
      `Nothing is mounted at ${volume} of ${container}: what lies in a container itself goes with it.`,
      'Name a volume, or the path of a mount: docker inspect',
    ),
  helper: ({ what, said }: { what: string; said: string }) =>
    failed(
      `No container could be started to ${what}: ${said}`,
      'It is one of the image of the server, with nothing but the volume: see docker info, and the space of docker.',
    ),
  noTar: ({ image, program }: { image: string; program: string }) =>
    failed(`The image ${image} of the server has no ${program}.`, 'Use an image that has tar and gzip.'),
  cluster: ({ volume, where }: Of & { where: string }) =>
    refused(
      `${volume} holds a data directory of PostgreSQL (${where}): a copy of the files of a running server is no backup, and one of a stopped one is of its major version only.`,
      'Take it out of backup.volumes: the databases are dumped.',
    ),
  tar: ({ volume, said }: Of & { said: string }) =>
    failed(`${volume} could not be archived: ${said}`, 'Mend that, or take it out of backup.volumes.'),
  unpack: ({ volume, said }: Of & { said: string }) => failed(`${volume} could not be written: ${said}`),
  notCopied: ({ volume, kept }: Of & { kept: string }) =>
    failed(
      `What was copied from ${volume} to ${kept} is not the same: something writes to it.`,
      'Stop what uses it: docker ps --filter volume=NAME',
    ),
  notAsArchived: ({ volume }: Of) =>
    failed(`What is in ${volume} now is not what was archived.`, 'See what else writes to it.'),
  unread: ({ path, why }: { path: string; why: string }) => failed(`${path} cannot be read: ${why}`, OTHER),
  otherBytes: ({ path }: { path: string }) =>
    failed(`${path} is not what was archived: it is damaged.`, OTHER),
  escapes: ({ path, entry }: { path: string; entry: string }) =>
    refused(`${path} would write outside of the volume: ${entry}.`, OTHER),
  inUse: ({ volume, by }: Of & { by: string }) =>
    failed(`${volume} is written to by ${by}, which has begun meanwhile.`, 'Stop it and start again.'),
  noneInBackup: ({ id, has }: { id: string; has: string }) =>
    refused(`${id} has no volume of that name: ${has}.`, 'pgdeck backups show lists what a backup holds.'),
  notRecorded: ({ run }: { run: string }) =>
    refused(`What ${run} has put aside is not recorded.`, 'docker volume ls --filter label=pgdeck.of'),
  keptGone: ({ kept }: { kept: string }) =>
    refused(`${kept}, with what was there before, has been removed.`, 'Nothing can be put back.'),
  docker: ({ what, said }: { what: string; said: string }) => failed(`${what}: ${said}`),
});
