import { fork } from 'node:child_process';
import { z } from 'zod';
import { workerPath } from '../../platform/entry.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { type BuildOrder, type Built, builtSchema } from './build-segment.ts';

/** Builds a segment file somewhere that may crash without harm. */
export type SegmentBuilder = (order: BuildOrder) => Promise<Built>;

export const builderReplySchema = z.union([
  z.object({ built: builtSchema }),
  z.object({ error: z.object({ message: z.string() }) }),
]);
export type BuilderReply = z.infer<typeof builderReplySchema>;

/** Builds in a child process: `workers/index-builder.ts`, one child per segment. */
export const buildInChild: SegmentBuilder = (order) =>
  new Promise((resolve, reject) => {
    const child = fork(workerPath('index-builder'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let reply: BuilderReply | undefined;
    child.once('message', (message) => {
      reply = builderReplySchema.safeParse(message).data;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (reply && 'built' in reply) resolve(reply.built);
      else if (reply) reject(new RagtuiError('internal', `The index builder failed: ${reply.error.message}`));
      else reject(new RagtuiError('unavailable', `The index builder died (${signal ?? `exit code ${code}`}).`));
    });
    child.send(order);
  });
