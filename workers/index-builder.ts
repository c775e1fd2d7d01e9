// Builds and probes one HNSW segment file for the kb service, then leaves. hnswlib may crash here without harm.
import os from 'node:os';
import { toDbError } from '../src/db/errors.ts';
import { buildOrderSchema, buildSegment } from '../src/kb/index/build-segment.ts';
import type { BuilderReply } from '../src/kb/index/builder.ts';

process.umask(0o077);
os.setPriority(10);
// The service that ordered it is gone: nobody would take the file.
process.once('disconnect', () => process.exit(1));
process.once('message', (message) => {
  void answer(message).then((reply) => process.send?.(reply, () => process.exit(0)));
});

async function answer(message: unknown): Promise<BuilderReply> {
  try {
    return { built: await buildSegment(buildOrderSchema.parse(message)) };
  } catch (error) {
    return { error: { message: toDbError(error).message } };
  }
}
