import path from 'node:path';
import type { JobReport } from '../jobs/worker.ts';
import { CheckpointWatch } from './checkpoints.ts';
import { tellEarlier } from './metrics.ts';
import type { TunedFolder } from './tuned.ts';

/** The curve and the checkpoints of earlier sessions: nothing is trained, and this job's view is whole all the same. */
export function tellDone(report: JobReport, { train: folder, root }: TunedFolder): void {
  tellEarlier(report, {
    rows: path.join(folder, 'trainer_log.jsonl'),
    kept: path.join(root, 'grad-norms.jsonl'),
    sessions: path.join(root, 'sessions.jsonl'),
  });
  new CheckpointWatch(report, folder).look(true);
}
