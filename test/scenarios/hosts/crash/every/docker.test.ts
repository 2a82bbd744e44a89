import { describeDocker } from '../../../../support/docker/docker.ts';
import { everyCommand } from '../every.ts';
import { inContainer } from '../place.ts';

describeDocker('in a container', { timeout: 120_000 }, () => everyCommand('in a container', 0, inContainer));
