import { run } from '../../../src/cli/program.ts';
import { registerWork } from '../../support/fixtures/work.ts';

// pgdeck with an operation that is made for tests
registerWork();
process.exitCode = await run(process.argv.slice(2), process.env);
