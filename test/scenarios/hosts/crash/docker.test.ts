import { describeDocker } from '../../../support/docker/docker.ts';
import { moments } from './moments.ts';
import { inContainer } from './place.ts';

describeDocker('in a container', { timeout: 90_000 }, () => moments(inContainer));
