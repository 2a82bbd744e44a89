import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A minute each and more: begun last, they would be waited for by workers that have nothing left to do. */
const LONGEST = [
  'cleanup/crash.test.ts',
  'cleanup/writer.test.ts',
  'orphans/crash.test.ts',
  'restore/crash.test.ts',
  'alembic/alembic.test.ts',
  'demo/demo.test.ts',
  'watch/secrets.test.ts',
];

/** Begins with the files that take longest, of which their size tells nothing. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
