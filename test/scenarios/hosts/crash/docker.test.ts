import { describeDocker, dockerOk } from '../../../support/docker/docker.ts';
import { moments } from './moments.ts';
import { inContainer } from './place.ts';

/** Writes an extension that holds nothing where the server looks for them. */
const WRITE = `cd /usr/share/postgresql/*/extension && echo "default_version = '1'" >"$1.control" && : >"$1--1.sql"`;

describeDocker('in a container', { timeout: 90_000 }, () =>
  moments(inContainer, async ({ container }, name) => {
    await dockerOk(['exec', '-u', '0', container.id, 'sh', '-c', WRITE, 'sh', name]);
  }),
);
