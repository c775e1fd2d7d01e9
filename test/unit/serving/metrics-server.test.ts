import { describe, expect, it } from 'vitest';
import { createServerWatch, quantileBetween } from '../../../src/serving/metrics-differences.ts';
import { readServer, type ServerReading } from '../../../src/serving/metrics-reading.ts';

/** As vLLM 0.32 tells it: two engines behind one port. */
const VLLM_NEW = `
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="base"} 2.0
vllm:num_requests_running{engine="1",model_name="base"} 1.0
vllm:num_requests_waiting{engine="0",model_name="base"} 4.0
vllm:num_requests_waiting{engine="1",model_name="base"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="base",reason="capacity"} 4.0
vllm:kv_cache_usage_perc{engine="0",model_name="base"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="base"} 0.25
vllm:prefix_cache_queries_total{engine="0",model_name="base"} 1000.0
vllm:prefix_cache_hits_total{engine="0",model_name="base"} 400.0
vllm:prompt_tokens_total{engine="0",model_name="base"} 900.0
vllm:prompt_tokens_total{engine="1",model_name="base"} 100.0
vllm:generation_tokens_total{engine="0",model_name="base"} 500.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.1",model_name="base"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.25",model_name="base"} 3.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="base"} 4.0
vllm:time_to_first_token_seconds_bucket{engine="1",le="0.1",model_name="base"} 0.0
vllm:time_to_first_token_seconds_bucket{engine="1",le="0.25",model_name="base"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="1",le="+Inf",model_name="base"} 1.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="base"} 4.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="base"} 0.9
vllm:inter_token_latency_seconds_bucket{engine="0",le="0.025",model_name="base"} 10.0
vllm:inter_token_latency_seconds_bucket{engine="0",le="+Inf",model_name="base"} 10.0
vllm:num_preemptions_total{engine="0",model_name="base"} 2.0
vllm:num_preemptions_total{engine="1",model_name="base"} 1.0
vllm:lora_requests_info{max_lora="2",running_lora_adapters="",waiting_lora_adapters=""} 1.7954001e+09
vllm:lora_requests_info{max_lora="2",running_lora_adapters="sft-1,sft-2",waiting_lora_adapters="sft-3"} 1.7954009e+09
vllm:lora_requests_info{max_lora="2",running_lora_adapters="sft-1",waiting_lora_adapters=""} 1.7954005e+09
process_start_time_seconds 1.7954e+09
`;

/** As vLLM 0.9 told it: the GPU's cache, the latency under its old name. */
const VLLM_OLD = `
vllm:num_requests_running{model_name="base"} 1.0
vllm:num_requests_waiting{model_name="base"} 0.0
vllm:gpu_cache_usage_perc{model_name="base"} 0.125
vllm:gpu_prefix_cache_queries_total{model_name="base"} 64.0
vllm:gpu_prefix_cache_hits_total{model_name="base"} 32.0
vllm:prompt_tokens_total{model_name="base"} 70.0
vllm:generation_tokens_total{model_name="base"} 7.0
vllm:time_per_output_token_seconds_bucket{le="0.05",model_name="base"} 6.0
vllm:time_per_output_token_seconds_bucket{le="+Inf",model_name="base"} 6.0
`;

const LLAMA_CPP = `
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 96
llamacpp:tokens_predicted_total 23
llamacpp:prompt_tokens_seconds 424.925
llamacpp:predicted_tokens_seconds nan
llamacpp:requests_processing 1
llamacpp:requests_deferred 3
`;

const SGLANG = `
sglang:num_running_reqs{model_name="m"} 8.0
sglang:num_queue_reqs{model_name="m"} 4.0
sglang:token_usage{model_name="m"} 0.52
sglang:cache_hit_rate{model_name="m"} 0.28
sglang:prompt_tokens_total{model_name="m"} 200.0
sglang:cached_tokens_total{model_name="m"} 50.0
sglang:generation_tokens_total{model_name="m"} 90.0
`;

const reading = (text: string): ServerReading => {
  const found = readServer(text);
  if (!found) throw new Error('no metrics');
  return found;
};

describe('a reading', () => {
  it('adds up the engines of vLLM; the cache is their mean', () => {
    expect(reading(VLLM_NEW)).toEqual({
      engine: 'vllm',
      running: 3,
      waiting: 4,
      kvCache: 0.375,
      prefixAsked: 1000,
      prefixFound: 400,
      prefixShare: null,
      promptTokens: 1000,
      generationTokens: 500,
      firstToken: { bounds: [0.1, 0.25, Infinity], cumulative: [1, 4, 5] },
      gap: { bounds: [0.025, Infinity], cumulative: [10, 10] },
      // Of the states it tells, the newest.
      lora: { slots: 2, running: ['sft-1', 'sft-2'], waiting: ['sft-3'] },
      preemptions: 3,
      parts: [
        { name: '0', running: 2, waiting: 4, kvCache: 0.5, generationTokens: 500 },
        // It has made none yet, and does not say so.
        { name: '1', running: 1, waiting: 0, kvCache: 0.25, generationTokens: null },
      ],
      startedAt: 1.7954e9,
    });
  });

  it('knows the old names of vLLM', () => {
    expect(reading(VLLM_OLD)).toMatchObject({
      engine: 'vllm',
      kvCache: 0.125,
      prefixAsked: 64,
      prefixFound: 32,
      gap: { bounds: [0.05, Infinity], cumulative: [6, 6] },
      firstToken: null,
      startedAt: null,
    });
    expect(reading('vllm:num_requests_running 0\nvllm:gpu_prefix_cache_hit_rate -1').prefixShare).toBeNull();
  });

  it('knows the names of llama.cpp and of SGLang; what is not told is null', () => {
    expect(reading(LLAMA_CPP)).toMatchObject({
      engine: 'llama.cpp',
      running: 1,
      waiting: 3,
      kvCache: null,
      prefixAsked: null,
      promptTokens: 96,
      generationTokens: 23,
      firstToken: null,
    });
    expect(reading(SGLANG)).toMatchObject({
      engine: 'sglang',
      running: 8,
      waiting: 4,
      kvCache: 0.52,
      prefixAsked: 200,
      prefixFound: 50,
    });
  });

  it('of a stranger has no numbers; of what is no metrics text there is none', () => {
    expect(reading('python_gc_objects_collected_total 3')).toMatchObject({ engine: '', running: null });
    expect(readServer('<!doctype html>\n<title>llama</title>')).toBeNull();
    expect(readServer('{"object":"error"}')).toBeNull();
    expect(readServer('')).toBeNull();
  });
});

describe('what a server does now', () => {
  const at = (seconds: number, over: Partial<ServerReading>): [number, ServerReading] => [
    seconds * 1000,
    { ...reading(VLLM_NEW), ...over },
  ];

  it('is unknown by one reading, except for what needs no difference', () => {
    const { figures, restarted } = createServerWatch().add(...at(0, {}));
    expect(restarted).toBe(false);
    expect(figures).toEqual({
      running: 3,
      waiting: 4,
      kvCache: 0.375,
      prefixHits: null,
      promptRate: null,
      generationRate: null,
      firstTokenMs: null,
      gapMs: null,
      preemptions: null,
      lora: { slots: 2, running: ['sft-1', 'sft-2'], waiting: ['sft-3'] },
      parts: [
        { name: '0', running: 2, waiting: 4, kvCache: 0.5, generationRate: null },
        { name: '1', running: 1, waiting: 0, kvCache: 0.25, generationRate: null },
      ],
    });
  });

  it('of several copies has the rate of each', () => {
    const copies = (first: number, second: number): Partial<ServerReading> => {
      const told = { running: 1, waiting: 0, kvCache: 0.5 };
      return {
        parts: [
          { name: '0', ...told, generationTokens: first },
          { name: '1', ...told, generationTokens: second },
        ],
      };
    };
    const watch = createServerWatch();
    watch.add(...at(0, copies(500, 0)));
    const { figures } = watch.add(...at(2, copies(600, 50)));
    expect(figures.parts?.map(({ generationRate }) => generationRate)).toEqual([50, 25]);
  });

  it('is the difference by the time between the last two', () => {
    const watch = createServerWatch();
    watch.add(...at(0, {}));
    watch.add(...at(1, { promptTokens: 1300, generationTokens: 520, prefixAsked: 1300, prefixFound: 640 }));
    const { figures } = watch.add(
      ...at(3, { promptTokens: 1300, generationTokens: 580, prefixAsked: 1300, prefixFound: 640 }),
    );
    expect(figures.promptRate).toBe(0);
    expect(figures.generationRate).toBe(30);
    expect(figures.preemptions).toBe(0);
    const later = { promptTokens: 1300, generationTokens: 580, prefixAsked: 1300, prefixFound: 640, preemptions: 7 };
    expect(watch.add(...at(4, later)).figures.preemptions).toBe(4);
    // Over the minute: 240 of 300.
    expect(figures.prefixHits).toBe(0.8);
  });

  it('has no share of hits where nothing was looked for', () => {
    const watch = createServerWatch();
    watch.add(...at(0, {}));
    expect(watch.add(...at(1, {})).figures.prefixHits).toBeNull();
    const old = createServerWatch();
    expect(old.add(...at(0, { prefixAsked: null, prefixFound: null, prefixShare: 0.45 })).figures.prefixHits).toBe(
      0.45,
    );
  });

  it('begins anew when counters go back', () => {
    const watch = createServerWatch();
    watch.add(...at(0, {}));
    const { figures, restarted } = watch.add(...at(1, { promptTokens: 3, generationTokens: 1 }));
    expect(restarted).toBe(true);
    expect(figures.generationRate).toBeNull();
    const after = watch.add(...at(2, { promptTokens: 3, generationTokens: 6 }));
    expect(after.restarted).toBe(false);
    expect(after.figures.generationRate).toBe(5);
  });

  it('begins anew when the process is another one, even if its counters are higher', () => {
    const watch = createServerWatch();
    watch.add(...at(0, {}));
    const { restarted, figures } = watch.add(...at(1, { startedAt: 1.79541e9, generationTokens: 9000 }));
    expect(restarted).toBe(true);
    expect(figures.generationRate).toBeNull();
  });

  it('gives no rate over a pause, and none of two readings at once', () => {
    const watch = createServerWatch();
    watch.add(...at(0, {}));
    expect(watch.add(...at(40, { generationTokens: 900 })).figures.generationRate).toBeNull();
    expect(watch.add(...at(40.1, { generationTokens: 905 })).figures.generationRate).toBeNull();
    expect(watch.add(...at(41, { generationTokens: 995 })).figures.generationRate).toBeCloseTo(100, 9);
  });

  it('takes percentiles of what came within a minute', () => {
    const watch = createServerWatch();
    const bounds = [0.1, 0.2, Infinity];
    watch.add(...at(0, { firstToken: { bounds, cumulative: [100, 100, 100] } }));
    const { figures } = watch.add(...at(1, { firstToken: { bounds, cumulative: [101, 104, 104] } }));
    // Four came: one below 0.1 s, three between 0.1 and 0.2. The second lies a third of the way, the 3.8th at 2.8 / 3.
    expect(figures.firstTokenMs?.p50).toBeCloseTo(133.333, 3);
    expect(figures.firstTokenMs?.p95).toBeCloseTo(193.333, 3);
  });
});

describe('a quantile between two states of a histogram', () => {
  const bounds = [1, 2, 4, Infinity];
  const empty = { bounds, cumulative: [0, 0, 0, 0] };

  it('is linear within its bucket, from 0 in the first', () => {
    expect(quantileBetween(empty, { bounds, cumulative: [4, 4, 4, 4] }, 0.5)).toBe(0.5);
    expect(quantileBetween(empty, { bounds, cumulative: [0, 0, 10, 10] }, 0.9)).toBeCloseTo(3.8, 12);
  });

  it('is the highest bound for what lies beyond', () => {
    expect(quantileBetween(empty, { bounds, cumulative: [0, 0, 0, 3] }, 0.5)).toBe(4);
  });

  it('is unknown when nothing came or the buckets are others', () => {
    expect(quantileBetween(empty, empty, 0.5)).toBeNull();
    expect(quantileBetween(empty, { bounds: [1, 2, 5, Infinity], cumulative: [1, 1, 1, 1] }, 0.5)).toBeNull();
    expect(quantileBetween(null, empty, 0.5)).toBeNull();
    expect(
      quantileBetween({ bounds: [Infinity], cumulative: [0] }, { bounds: [Infinity], cumulative: [2] }, 0.5),
    ).toBeNull();
  });
});
