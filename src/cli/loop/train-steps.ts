import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { JobEvent, JobView } from '../../jobs/types.ts';
import { listAdapters } from '../../models/store.ts';
import { tunedFolder } from '../../training/tuned.ts';
import { clock } from '../output.ts';
import { eventsOf, jobAtItsEnd } from './jobs.ts';
import { NAMES } from './names.ts';
import type { LoopOutcome, LoopSizes, LoopStep, LoopWorld } from './types.ts';

/** Below this the exported model is not the trained one. */
const PARITY = 0.9999;

const llmArgs = ({ llmRows }: LoopSizes): string[] => {
  const what = ['--dataset', NAMES.financial, '--split', 'train', '--base', NAMES.llm, '--name', NAMES.adapter];
  return ['train', 'llm', ...what, '--preset', 'cpu', '--limit', String(llmRows)];
};
const embedderArgs = ({ embedderRows }: LoopSizes): string[] => {
  const base = ['--base', NAMES.embedderBase, '--name', NAMES.tunedEmbedder];
  const what = ['--dataset', NAMES.financial, '--split', 'train', ...base];
  return ['train', 'embedder', ...what, '--preset', 'cpu', '--limit', String(embedderRows)];
};

export const trainSteps: readonly LoopStep[] = [
  { name: 'train llm', command: (sizes) => llmArgs(sizes).join(' '), run: trainLlm },
  { name: 'train embedder', command: (sizes) => embedderArgs(sizes).join(' '), run: trainEmbedder },
];

async function trainLlm(world: LoopWorld): Promise<LoopOutcome> {
  const job = await jobAtItsEnd(world, ({ kind }) => kind === 'train-llm', llmArgs(world.sizes));
  const events = await eventsOf(job);
  const adapter = listAdapters(world.paths).find(({ name }) => name === NAMES.adapter);
  const curve = lossCurve(events);
  const rank = adapter ? `rank ${adapter.rank}, alpha ${adapter.alpha}` : 'NOT REGISTERED';
  return {
    ok: adapter !== undefined && curve.steps > 0,
    detail: `${world.sizes.llmRows} rows, ${curve.text}; adapter ${rank}`,
    markdown: ['### LoRA adapter', '', ...trainingLines(job, events)],
  };
}

const exportedSchema = z.object({
  fingerprint: z.string(),
  parity: z.object({ texts: z.number(), min: z.number(), mean: z.number() }),
  exporter: z.record(z.string(), z.union([z.string(), z.number()])),
});

async function trainEmbedder(world: LoopWorld): Promise<LoopOutcome> {
  const job = await jobAtItsEnd(world, ({ kind }) => kind === 'train-embedder', embedderArgs(world.sizes));
  const events = await eventsOf(job);
  const exported = [NAMES.embedder, NAMES.tunedEmbedder].map((name) => {
    const file = path.join(tunedFolder(world.paths, name).result, 'manifest.json');
    return { name, ...exportedSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) };
  });
  const [base, tuned] = exported;
  const curve = lossCurve(events);
  const equal = exported.every(({ parity }) => parity.min >= PARITY);
  const differ = base?.fingerprint !== tuned?.fingerprint;
  return {
    ok: equal && differ && curve.steps > 0,
    detail: `${world.sizes.embedderRows} rows, ${curve.text}; ONNX of base and tuned ${equal ? 'agree with torch' : 'DIFFER from torch'}${differ ? '' : ', but are the same model'}`,
    markdown: [
      '### Embedder',
      '',
      ...trainingLines(job, events),
      '',
      '| ONNX export | cosine with torch, worst | mean | texts | exporter |',
      '| --- | --- | --- | --- | --- |',
      ...exported.map(({ name, parity, exporter }) => {
        const by = Object.entries(exporter).map(([what, version]) => `${what} ${version}`);
        return `| ${name} | ${parity.min.toFixed(7)} | ${parity.mean.toFixed(7)} | ${parity.texts} | ${by.join(', ')} |`;
      }),
    ],
  };
}

interface Step {
  readonly step: number;
  readonly loss: number;
  readonly at: number;
}

/** The loss of every step, an earlier attempt's too where the job went on from it. */
function lossesOf(events: readonly JobEvent[]): Step[] {
  return events.flatMap((event) =>
    event.type === 'metric' && event.name === 'loss'
      ? [{ step: event.step, loss: event.value, at: Date.parse(event.time) }]
      : [],
  );
}

function lossCurve(events: readonly JobEvent[]): { steps: number; text: string } {
  const losses = lossesOf(events);
  const quarter = Math.max(1, Math.floor(losses.length / 4));
  const mean = (part: readonly Step[]) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
  const [first, last] = [losses.slice(0, quarter), losses.slice(-quarter)].map(mean);
  return {
    steps: losses.length,
    text: `${losses.length} steps, mean loss ${first?.toFixed(3)} (first quarter) → ${last?.toFixed(3)} (last)`,
  };
}

/** When what was done, from the job's own events. */
function trainingLines({ startedAt, endedAt }: JobView, events: readonly JobEvent[]): string[] {
  const losses = lossesOf(events);
  const gaps = losses.slice(1).map(({ at }, index) => at - (losses[index]?.at ?? at));
  const median = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const [began, ended] = [Date.parse(startedAt ?? ''), Date.parse(endedAt ?? '')];
  const until = losses[0] ? (losses[0].at - began) / 1000 : 0;
  const after = (ended - (losses.at(-1)?.at ?? ended)) / 1000;
  const every = Math.max(1, Math.ceil(losses.length / 12));
  const shown = losses.filter((_, index) => index % every === 0 || index === losses.length - 1);
  return [
    `- ${clock((ended - began) / 1000)} in all: ${clock(until)} until the first step, ${(median / 1000).toFixed(1)} s a step (median), ${clock(after)} after the last`,
    `- loss by step: ${shown.map(({ step, loss }) => `${step}: ${loss.toFixed(3)}`).join(', ')}`,
    ...events.flatMap((event) => (event.type === 'log' && isWorthTelling(event.text) ? [`- ${event.text}`] : [])),
  ];
}

const isWorthTelling = (text: string): boolean => /^(Corrected|Making|\d+ rows of|Going on)/.test(text);
