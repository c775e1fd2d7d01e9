import { z } from 'zod';
import type { DemoWorld } from '../demo/steps.ts';
import type { Output } from '../output.ts';

/** How much of everything; named in the report. */
export interface LoopSizes {
  /** Rows of the financial data that are held out, and whose contexts are the knowledge base. */
  readonly testRows: number;
  /** Rows the adapter is trained on, two a step. */
  readonly llmRows: number;
  /** Rows the embedder is trained on, eight a step. */
  readonly embedderRows: number;
  /** Held-out questions that are evaluated. */
  readonly items: number;
  /** Longest answer in the evaluation. */
  readonly maxTokens: number;
}

export const SIZES = {
  full: { testRows: 700, llmRows: 160, embedderRows: 272, items: 60, maxTokens: 96 },
  quick: { testRows: 60, llmRows: 12, embedderRows: 48, items: 8, maxTokens: 48 },
} as const satisfies Record<string, LoopSizes>;

export interface LoopWorld extends DemoWorld {
  readonly out: Output;
  readonly sizes: LoopSizes;
  readonly files: LoopFiles;
}

/** The two data sets as they are published. */
export interface LoopFiles {
  readonly financial: string;
  readonly cmrc: string;
}

export interface LoopOutcome {
  readonly ok: boolean;
  /** For the table of steps. */
  readonly detail: string;
  /** The step's own part of the report. */
  readonly markdown?: readonly string[];
  /** For the top of the report. */
  readonly verdicts?: readonly string[];
  /** Seconds of installing, which do not count. */
  readonly notCounted?: number;
}

export interface LoopStep {
  readonly name: string;
  /** What a person types for it. */
  readonly command: (sizes: LoopSizes) => string;
  /** Run again on an unfinished loop until the step of this name is done: what it makes does not outlive a run. */
  readonly until?: string;
  readonly run: (world: LoopWorld) => Promise<LoopOutcome>;
}

export const stepRecordSchema = z.object({
  name: z.string(),
  command: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  markdown: z.array(z.string()),
  verdicts: z.array(z.string()),
  /** Of all attempts. */
  seconds: z.number(),
  notCounted: z.number(),
  /** 2 and more: an earlier attempt was ended before its time. */
  attempts: z.number().int(),
  endedAt: z.iso.datetime(),
});
export type StepRecord = z.infer<typeof stepRecordSchema>;

/** `loop.json` of the workspace: how far the loop is. */
export const loopStateSchema = z.object({
  version: z.literal(1),
  size: z.enum(['full', 'quick']),
  startedAt: z.iso.datetime(),
  /** Load average over one minute when it began. */
  load: z.number(),
  sessions: z.number().int(),
  /** By step: how often it was begun, and the seconds it has taken so far. */
  attempts: z.record(z.string(), z.object({ count: z.number().int(), seconds: z.number() })),
  steps: z.array(stepRecordSchema),
});
export type LoopState = z.infer<typeof loopStateSchema>;
