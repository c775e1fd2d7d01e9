import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../jobs/folder.ts';
import { listJobs } from '../../jobs/registry.ts';
import { errnoOf, toRagtuiError } from '../../platform/errors.ts';
import { LineLog, readLines } from '../../platform/line-log.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { hashOf } from '../plan.ts';
import type { ItemResult } from '../types.ts';
import type { ReplyBook } from './client.ts';
import {
  type JudgeCapsule,
  type Judgement,
  type JudgeReply,
  judgeCapsuleSchema,
  judgementSchema,
  judgeReplySchema,
} from './types.ts';

/** All that one judge said of a run, beside its items. */
export interface JudgeLayer {
  readonly capsule: JudgeCapsule;
  /** The last of each item, column and metric, as far as they rest on the capsule. */
  readonly judgements: readonly Judgement[];
}

const judgesFolder = (run: string): string => path.join(run, 'judges');
/** Names become parts of paths by their hash. */
const layerFolder = (run: string, llm: string): string => path.join(judgesFolder(run), hashOf(llm).slice(0, 12));
const capsuleFile = (layer: string): string => path.join(layer, 'judge.json');
const judgementsFile = (layer: string): string => path.join(layer, 'judgements.jsonl');
const repliesFile = (layer: string): string => path.join(layer, 'replies.jsonl');

/** What the judges said of the run in this folder, in the order in which their layers were made. */
export function readLayers(run: string): JudgeLayer[] {
  return layersIn(run).flatMap((layer) => {
    const capsule = readJsonFile(capsuleFile(layer), judgeCapsuleSchema);
    if (!capsule) return [];
    const last = new Map<string, Judgement>();
    for (const one of readLines(judgementsFile(layer), judgementSchema)) {
      if (one.basis === capsule.basis) last.set(`${one.metric}\0${one.column}\0${one.item}`, one);
    }
    return [{ capsule, judgements: [...last.values()] }];
  });
}

function layersIn(run: string): string[] {
  try {
    return readdirSync(judgesFolder(run)).map((name) => path.join(judgesFolder(run), name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toRagtuiError(error);
  }
}

/** What was judged: another answer makes a judgement void. */
export const judgedOf = (...answers: readonly Pick<ItemResult, 'answerKey' | 'output'>[]): string =>
  hashOf(answers.map(({ answerKey, output }) => [answerKey, output]));

/** A layer that is written to. */
export interface OpenLayer {
  readonly book: ReplyBook;
  /** Sets what the judgements rest on from here. */
  begin(capsule: JudgeCapsule): void;
  /** On the disk when it resolves. */
  append(judgement: Judgement): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the layer of a judge in a run's folder. What any earlier run on the same dataset heard of the same LLM is known
 * (by a hash of all that was asked), unless `reuse` is false: then only what this layer heard.
 */
export function openLayer(
  paths: WorkspacePaths,
  run: string,
  { llm, dataset, reuse }: { readonly llm: string; readonly dataset: string; readonly reuse: boolean },
): OpenLayer {
  const folder = layerFolder(run, llm);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toRagtuiError(error);
  }
  const others = reuse
    ? listJobs(paths).flatMap(({ spec, folder: other }) =>
        spec.work.kind === 'evaluate' && spec.work.dataset === dataset ? [layerFolder(other, llm)] : [],
      )
    : [];
  const known = new Map<string, JudgeReply>();
  for (const one of [...others, folder]) {
    for (const reply of readLines(repliesFile(one), judgeReplySchema)) known.set(reply.key, reply);
  }
  const replies = new LineLog<JudgeReply>(repliesFile(folder));
  const judgements = new LineLog<Judgement>(judgementsFile(folder));
  return {
    book: {
      get: (key) => known.get(key),
      put: async (reply) => {
        await replies.append(reply);
        known.set(reply.key, reply);
      },
    },
    begin: (capsule) => writeJsonFile(capsuleFile(folder), capsule, { durable: true }),
    append: (judgement) => judgements.append(judgement),
    close: async () => {
      await replies.close();
      await judgements.close();
    },
  };
}
