import { type MetricSample, readMetricsText } from './metrics-text.ts';
import type { EnginePart, LoraSlots } from './metrics-types.ts';

/** A histogram as it is told: how many values were at most each bound. */
export interface Histogram {
  /** Ascending; the last one is infinite. Seconds. */
  readonly bounds: readonly number[];
  readonly cumulative: readonly number[];
}

/** A server's numbers at one moment, counters since its start. Null = it has no such number. */
export interface ServerReading {
  /** Whose names they are: `vllm` (ours too), `llama.cpp`, `sglang`. */
  readonly engine: string;
  readonly running: number | null;
  readonly waiting: number | null;
  readonly kvCache: number | null;
  readonly prefixAsked: number | null;
  readonly prefixFound: number | null;
  /** Share of prefix hits where a server tells only that. */
  readonly prefixShare: number | null;
  readonly promptTokens: number | null;
  readonly generationTokens: number | null;
  readonly firstToken: Histogram | null;
  readonly gap: Histogram | null;
  readonly preemptions: number | null;
  readonly lora: LoraSlots | null;
  /** Copies of the model behind it; none where it is one. */
  readonly parts: readonly PartReading[];
  /** Seconds since 1970. */
  readonly startedAt: number | null;
}

/** A copy of the model at one moment; its counter since the server's start. */
export interface PartReading extends Omit<EnginePart, 'generationRate'> {
  readonly generationTokens: number | null;
}

/** Names by version, the first that is there counts. */
interface Names {
  readonly engine: string;
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  readonly kvCache: readonly string[];
  readonly prefixAsked: readonly string[];
  readonly prefixFound: readonly string[];
  readonly prefixShare: readonly string[];
  readonly promptTokens: readonly string[];
  readonly generationTokens: readonly string[];
  readonly firstToken: readonly string[];
  readonly gap: readonly string[];
  readonly preemptions: readonly string[];
}

const ENGINES: readonly Names[] = [
  {
    engine: 'vllm',
    running: ['vllm:num_requests_running'],
    waiting: ['vllm:num_requests_waiting'],
    // Up to 0.10 or so the cache and its counters were called the GPU's.
    kvCache: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'],
    prefixAsked: [
      'vllm:prefix_cache_queries_total',
      'vllm:prefix_cache_queries',
      'vllm:gpu_prefix_cache_queries_total',
      'vllm:gpu_prefix_cache_queries',
    ],
    prefixFound: [
      'vllm:prefix_cache_hits_total',
      'vllm:prefix_cache_hits',
      'vllm:gpu_prefix_cache_hits_total',
      'vllm:gpu_prefix_cache_hits',
    ],
    prefixShare: ['vllm:gpu_prefix_cache_hit_rate'],
    promptTokens: ['vllm:prompt_tokens_total', 'vllm:prompt_tokens'],
    generationTokens: ['vllm:generation_tokens_total', 'vllm:generation_tokens'],
    firstToken: ['vllm:time_to_first_token_seconds'],
    gap: ['vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'],
    preemptions: ['vllm:num_preemptions_total', 'vllm:num_preemptions'],
  },
  {
    engine: 'llama.cpp',
    running: ['llamacpp:requests_processing'],
    waiting: ['llamacpp:requests_deferred'],
    // Gone since the cache is one for all slots.
    kvCache: ['llamacpp:kv_cache_usage_ratio'],
    prefixAsked: [],
    prefixFound: [],
    prefixShare: [],
    promptTokens: ['llamacpp:prompt_tokens_total'],
    generationTokens: ['llamacpp:tokens_predicted_total'],
    firstToken: [],
    gap: [],
    preemptions: [],
  },
  {
    engine: 'sglang',
    running: ['sglang:num_running_reqs'],
    waiting: ['sglang:num_queue_reqs'],
    kvCache: ['sglang:token_usage'],
    prefixAsked: ['sglang:prompt_tokens_total'],
    prefixFound: ['sglang:cached_tokens_total'],
    prefixShare: ['sglang:cache_hit_rate'],
    promptTokens: ['sglang:prompt_tokens_total'],
    generationTokens: ['sglang:generation_tokens_total'],
    firstToken: ['sglang:time_to_first_token_seconds'],
    gap: ['sglang:inter_token_latency_seconds', 'sglang:time_per_output_token_seconds'],
    preemptions: ['sglang:num_retractions_total', 'sglang:num_retracted_reqs_total'],
  },
];

const START = 'process_start_time_seconds';
const LORA = 'vllm:lora_requests_info';
const WANTED = new Set([
  START,
  LORA,
  ...ENGINES.flatMap(({ engine: _, firstToken, gap, ...names }) => [
    ...Object.values(names).flat(),
    ...[...firstToken, ...gap].map((name) => `${name}_bucket`),
  ]),
]);

/**
 * What a `/metrics` text says of a server, by vLLM's names (old and new), llama.cpp's or SGLang's. Null when it is no
 * metrics text at all; a text of names nobody knows gives a reading of nulls with engine ''. Pure.
 */
export function readServer(text: string): ServerReading | null {
  const { samples, count } = readMetricsText(text, (name) => WANTED.has(name));
  if (count === 0) return null;
  const names = ENGINES.find((each) =>
    [...each.running, ...each.generationTokens, ...each.promptTokens].some((name) => samples.has(name)),
  );
  const first = (wanted: readonly string[] | undefined): readonly MetricSample[] =>
    samples.get((wanted ?? []).find((name) => samples.has(name)) ?? '') ?? [];
  const buckets = (wanted: readonly string[] | undefined) =>
    histogramOf(first((wanted ?? []).map((name) => `${name}_bucket`)));
  return {
    engine: names?.engine ?? '',
    running: sum(first(names?.running)),
    waiting: sum(first(names?.waiting)),
    kvCache: mean(first(names?.kvCache)),
    prefixAsked: sum(first(names?.prefixAsked)),
    prefixFound: sum(first(names?.prefixFound)),
    prefixShare: shareOf(first(names?.prefixShare)),
    promptTokens: sum(first(names?.promptTokens)),
    generationTokens: sum(first(names?.generationTokens)),
    firstToken: buckets(names?.firstToken),
    gap: buckets(names?.gap),
    preemptions: sum(first(names?.preemptions)),
    lora: loraOf(samples.get(LORA) ?? []),
    parts: partsOf({
      running: first(names?.running),
      waiting: first(names?.waiting),
      kvCache: first(names?.kvCache),
      generationTokens: first(names?.generationTokens),
    }),
    startedAt: samples.get(START)?.[0]?.value ?? null,
  };
}

/** By the label `engine`, in the order of their numbers. */
function partsOf({
  running,
  waiting,
  kvCache,
  generationTokens,
}: Record<'running' | 'waiting' | 'kvCache' | 'generationTokens', readonly MetricSample[]>): PartReading[] {
  const names = [...new Set(running.flatMap(({ labels }) => labels['engine'] ?? []))];
  if (names.length < 2) return [];
  const of = (samples: readonly MetricSample[], name: string) =>
    samples.filter(({ labels }) => labels['engine'] === name);
  return names
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => ({
      name,
      running: sum(of(running, name)),
      waiting: sum(of(waiting, name)),
      kvCache: mean(of(kvCache, name)),
      generationTokens: sum(of(generationTokens, name)),
    }));
}

/** Each state is a series of its own whose value is when it was: the newest one is now. */
function loraOf(samples: readonly MetricSample[]): LoraSlots | null {
  const newest = samples
    .filter(({ value }) => Number.isFinite(value))
    .reduce<MetricSample | null>((best, one) => (best && best.value >= one.value ? best : one), null);
  if (!newest) return null;
  const names = (label: string): string[] =>
    (newest.labels[label] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  const slots = Number(newest.labels['max_lora']);
  return {
    slots: newest.labels['max_lora'] && Number.isFinite(slots) ? slots : null,
    running: names('running_lora_adapters'),
    waiting: names('waiting_lora_adapters'),
  };
}

const finite = (samples: readonly MetricSample[]): number[] =>
  samples.map(({ value }) => value).filter((value) => Number.isFinite(value));

/** Over all engines and models of the server. */
function sum(samples: readonly MetricSample[]): number | null {
  const values = finite(samples);
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
}

function mean(samples: readonly MetricSample[]): number | null {
  const total = sum(samples);
  return total === null ? null : total / finite(samples).length;
}

/** Old vLLM tells −1 where it has no prefix cache. */
function shareOf(samples: readonly MetricSample[]): number | null {
  const share = mean(samples);
  return share === null || share < 0 ? null : share;
}

/** The series of a histogram added up; null without an infinite bucket. */
function histogramOf(buckets: readonly MetricSample[]): Histogram | null {
  const byBound = new Map<number, number>();
  for (const { labels, value } of buckets) {
    const text = labels['le'];
    if (text === undefined || !Number.isFinite(value)) continue;
    const bound = /^\+?inf/i.test(text) ? Number.POSITIVE_INFINITY : Number(text);
    if (!Number.isNaN(bound)) byBound.set(bound, (byBound.get(bound) ?? 0) + value);
  }
  if (!byBound.has(Number.POSITIVE_INFINITY)) return null;
  const bounds = [...byBound.keys()].sort((a, b) => a - b);
  return { bounds, cumulative: bounds.map((bound) => byBound.get(bound) ?? 0) };
}
