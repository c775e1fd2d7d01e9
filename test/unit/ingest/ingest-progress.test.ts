import { expect, test } from 'vitest';
import type { Progress } from '../../../src/jobs/types.ts';
import { IngestProgress } from '../../../src/kb/ingest/ingest-progress.ts';

test('the time left of one large file counts what has been read of it, and that repeated text costs nothing', () => {
  let now = 0;
  let last: Progress | undefined;
  const progress = new IngestProgress(
    (event) => (last = event),
    () => now,
  );
  progress.planned([{ path: '/big.txt', size: 1_000_000, mtimeMs: 1, inode: 1 }]);
  // Half of the file came in; 1,000 of its characters are new text, the rest was there already.
  const fresh = Array.from({ length: 10 }, () => ({ text: 'x'.repeat(100) }));
  progress.stored([{ key: '', title: '', text: 'x'.repeat(500_000), metadata: {} }], 5_000, fresh);
  now = 1_000;
  progress.embedded(10, 250, 1_000, 0);
  // The other half will bring another 1,000 characters, at 1,000 a second.
  expect(last?.secondsLeft).toBeCloseTo(1, 5);
});
