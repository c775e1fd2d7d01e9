import { compare as comparePairs, summarise } from '../../src/evaluation/statistics/compare.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { type Bench, ITEMS, launched, METRICS, startBench, succeeded } from './eval-runs.ts';
import type { LatencyServer } from './latency-server.ts';
import { cpuSeconds } from './machine.ts';
import { notHad } from './peer-process.ts';
import { ensurePromptfoo, type Promptfoo } from './promptfoo.ts';
import { seeded } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const AT_ONCE = [1, 8, 32, 128];
const LATENCY_MS = 200;

/** Answers before the processor's time counts: the code is warm then. */
const WARM = 200;

/** The part of `eval` that has another side, at two concurrencies. */
export const peersEvaluation: Benchmark = {
  name: 'peers-eval',
  about: `an evaluation's throughput against a server of known latency: our worker with ${METRICS.length} metrics, promptfoo with two assertions`,
  async run(context) {
    const bench = await startBench(context);
    const promptfoo = await ensurePromptfoo(context.log);
    const why = typeof promptfoo === 'string' ? promptfoo : undefined;
    const their = typeof promptfoo === 'string' ? undefined : promptfoo;
    const rows: BenchRow[] = [];
    for (const atOnce of [8, 32]) rows.push(...(await overheadRows(bench, atOnce, their)));
    for (const atOnce of [8, 32]) rows.push(...(await speedRows(bench, atOnce, their)));
    return why === undefined ? rows : [...rows, notHad('promptfoo', 'items/s', why)];
  },
};

export const evaluation: Benchmark = {
  name: 'eval',
  about: `an evaluation against a server of known latency, and promptfoo on the same: processor per item, items/s against concurrency ÷ ${LATENCY_MS} ms; statistics`,
  async run(context) {
    const bench = await startBench(context);
    const promptfoo = await ensurePromptfoo(context.log);
    if (typeof promptfoo === 'string') context.log(promptfoo);
    const their = typeof promptfoo === 'string' ? undefined : promptfoo;
    const rows: BenchRow[] = [];
    for (const atOnce of AT_ONCE) rows.push(...(await overheadRows(bench, atOnce, their)));
    for (const atOnce of AT_ONCE) rows.push(...(await speedRows(bench, atOnce, their)));
    return [...rows, ...statisticsRows()];
  },
};

/** A program that asks so many questions: its process, and its end. */
interface Asking {
  readonly pid: () => number;
  readonly ended: Promise<void>;
}

async function ours({ workspace }: Bench, atOnce: number, items: number): Promise<Asking> {
  const { job } = await launched(workspace, atOnce, items);
  return {
    pid: () => {
      const pid = readJsonFile(jobFiles(job.folder).worker, identityFileSchema)?.pid;
      if (pid === undefined) throw new Error('The run has no worker.');
      return pid;
    },
    ended: succeeded(workspace, job.spec.id),
  };
}

async function theirs({ context, server, questions }: Bench, promptfoo: Promptfoo, atOnce: number, items: number) {
  const options = { url: server.url, questions: questions.slice(0, items), concurrency: atOnce };
  const { pid, ended } = promptfoo.start({ ...options, scratch: context.scratch });
  return { pid: () => pid, ended };
}

/** Processor time of the program per answer, in ms, once it is warm; all its threads. */
async function overhead({ server }: Bench, atOnce: number, items: number, start: () => Promise<Asking>) {
  server.begin(0);
  const asking = await start();
  const until = (count: number) => Promise.race([server.after(count), asking.ended.then(() => tooFew(count))]);
  await until(WARM);
  const pid = asking.pid();
  const [cpu, at, began] = [cpuSeconds(pid), server.ended.length, performance.now()];
  await until(items - atOnce);
  const [used, answered] = [cpuSeconds(pid) - cpu, server.ended.length - at];
  const rate = (1000 * answered) / (performance.now() - began);
  await asking.ended;
  return { ms: (1000 * used) / answered, rate, answered };
}

/** The other side failed: ours is shown alone, with the reason. */
function lostTo({ log }: BenchContext) {
  const reasons: string[] = [];
  return {
    reasons,
    lost: (error: unknown): undefined => {
      const reason = error instanceof Error ? error.message : String(error);
      log(`the other side: ${reason}`);
      reasons.push(`; promptfoo could not be had: ${reason}`);
    },
  };
}

/** Nothing more will come: what ended as the last answer did is no matter. */
function tooFew(count: number): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`It ended before ${count} answers.`)), 1000));
}

async function overheadRows(bench: Bench, atOnce: number, promptfoo: Promptfoo | undefined): Promise<BenchRow[]> {
  const { context } = bench;
  const { lost, reasons } = lostTo(context);
  const items = context.quick ? 600 : ITEMS;
  context.log(`${items} questions, ${atOnce} at once, answered at once`);
  const own = await overhead(bench, atOnce, items, () => ours(bench, atOnce, items));
  const other =
    promptfoo && (await overhead(bench, atOnce, items, () => theirs(bench, promptfoo, atOnce, items)).catch(lost));
  return [
    {
      measure: `processor per item, ${atOnce} at once`,
      value: own.ms,
      unit: 'ms',
      budget: { most: 2 },
      ...(other ? { ratio: own.ms / other.ms } : {}),
      note: `${METRICS.length} metrics, the worker with all its threads, over ${own.answered} items, ${own.rate.toFixed(0)} items/s${
        other
          ? `; promptfoo ${promptfoo.version} with 2 assertions: ${other.ms.toFixed(2)} ms, ${other.rate.toFixed(0)} items/s`
          : reasons.join('')
      }`,
    },
  ];
}

/** What it reaches against the server's latency, over whole rounds of all that are asked at once. */
async function speedRows(bench: Bench, atOnce: number, promptfoo: Promptfoo | undefined): Promise<BenchRow[]> {
  const { context, server } = bench;
  const { lost, reasons } = lostTo(context);
  const rounds = Math.min(context.quick ? 10 : 30, Math.floor(ITEMS / atOnce));
  const items = atOnce * rounds;
  context.log(`${items} questions, ${atOnce} at once, ${LATENCY_MS} ms each`);
  const speed = async (start: () => Promise<Asking>) => {
    server.begin(LATENCY_MS);
    await (await start()).ended;
    return reached(server, atOnce, rounds);
  };
  const own = await speed(() => ours(bench, atOnce, items));
  const other = promptfoo && (await speed(() => theirs(bench, promptfoo, atOnce, items)).catch(lost));
  const limit = (1000 * atOnce) / LATENCY_MS;
  return [
    {
      measure: `items/s, ${atOnce} at once`,
      value: own,
      unit: 'items/s',
      ...(other === undefined ? {} : { ratio: own / other }),
      note: `${((100 * own) / limit).toFixed(0)} % of the server's limit of ${limit}${
        other === undefined
          ? reasons.join('')
          : `; promptfoo ${other.toFixed(1)} (${((100 * other) / limit).toFixed(0)} %)`
      }`,
    },
  ];
}

/** Ten metrics on as many questions as CMRC's dev set has, in as many contexts. */
function statisticsRows(): BenchRow[] {
  const [items, contexts, metrics] = [3219, 848, 10];
  const random = seeded(11);
  const clusters = Array.from({ length: items }, (_, item) => String(item % contexts));
  const column = () => Array.from({ length: items }, () => random());
  const data = Array.from({ length: metrics }, () => ({ a: column(), b: column() }));
  const timed = (work: () => void): number => {
    const began = performance.now();
    work();
    return (performance.now() - began) / 1000;
  };
  const own = timed(() => {
    for (const { a } of data) summarise({ values: a, clusters }, { binary: false, seed: 1314 });
  });
  const paired = timed(() => {
    // Another seed: its drawings are made, not found.
    for (const { a, b } of data) comparePairs({ a, b, clusters }, { binary: false, direction: 'higher', seed: 1315 });
  });
  const what = `${items} items in ${contexts} contexts, ${metrics} metrics`;
  return [
    { measure: 'bootstrap, 10,000 resamples', value: own, unit: 's', budget: { most: 2 }, note: what },
    {
      measure: 'paired: bootstrap and 10,000 sign flips',
      value: paired,
      unit: 's',
      budget: { most: 2 },
      note: `${what}; in the program a process of its own does it`,
    },
  ];
}

/** Answers a second, from the end of the first round to that of the last. */
function reached({ ended }: LatencyServer, atOnce: number, rounds: number): number {
  const [from, to] = [ended[atOnce - 1] ?? Number.NaN, ended[atOnce * rounds - 1] ?? Number.NaN];
  return (1000 * atOnce * (rounds - 1)) / (to - from);
}
