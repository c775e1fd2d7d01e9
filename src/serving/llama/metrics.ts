import { Exposition, Histogram } from '../http/prometheus.ts';

// Bounds of vLLM 0.32 (engines.md §3), so that panels and dashboards made for it fit.
const FIRST_TOKEN_SECONDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const REQUEST_SECONDS = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

/** How a request ended; the words are vLLM's. */
export type FinishedReason = 'stop' | 'length' | 'abort' | 'error';
const REASONS: readonly FinishedReason[] = ['stop', 'length', 'abort', 'error'];

/** What only the server knows at the moment it is asked. */
export interface LiveState {
  readonly running: number;
  readonly waiting: number;
  readonly kvUsage: number;
  /** Adapters that are loaded. */
  readonly adapters: readonly string[];
}

/**
 * What a server has done since its start, in vLLM's names where they mean the same; what means nothing here (preemptions,
 * sleep, blocks) is not there. Counting costs a few additions a token; nothing runs while nothing is asked.
 */
export class ServerMetrics {
  readonly #startedAt = Date.now() / 1000 - process.uptime();
  #promptTokens = 0;
  #cachedTokens = 0;
  #generatedTokens = 0;
  #cacheQueries = 0;
  #cacheHits = 0;
  readonly #finished = new Map(REASONS.map((reason) => [reason, 0]));
  readonly #firstToken = new Histogram(FIRST_TOKEN_SECONDS);
  readonly #interToken = new Histogram(TOKEN_SECONDS);
  readonly #perOutputToken = new Histogram(TOKEN_SECONDS);
  readonly #endToEnd = new Histogram(REQUEST_SECONDS);
  readonly #queue = new Histogram(REQUEST_SECONDS);
  readonly #prefill = new Histogram(REQUEST_SECONDS);
  readonly #decode = new Histogram(REQUEST_SECONDS);
  readonly #inference = new Histogram(REQUEST_SECONDS);
  #promptSizes = new Histogram([]);
  #answerSizes = new Histogram([]);

  /** The longest a prompt or an answer can be, once it is known. */
  setContext(tokens: number): void {
    this.#promptSizes = new Histogram(oneTwoFive(tokens));
    this.#answerSizes = new Histogram(oneTwoFive(tokens));
  }

  /** Seconds an answer took on average, from its start to its end; 0 before the first. */
  get meanInferenceSeconds(): number {
    const { buckets, sum } = this.#inference.state;
    return sum / (buckets.at(-1)?.[1] || 1);
  }

  /** A request has come. */
  request(promptTokens: number): RequestRecord {
    return new RequestRecord(promptTokens, {
      reused: (tokens) => {
        this.#cacheQueries += promptTokens;
        this.#cacheHits += tokens;
        this.#cachedTokens += tokens;
      },
      firstToken: (seconds) => {
        this.#promptTokens += promptTokens;
        this.#firstToken.observe(seconds);
      },
      token: (sinceLast) => {
        this.#generatedTokens += 1;
        if (sinceLast !== undefined) this.#interToken.observe(sinceLast);
      },
      ended: (reason, times) => {
        this.#finished.set(reason, (this.#finished.get(reason) ?? 0) + 1);
        if (times && (reason === 'stop' || reason === 'length')) this.#answered(promptTokens, times);
      },
    });
  }

  #answered(promptTokens: number, { arrived, started, first, last, ended, tokens }: RequestTimes): void {
    if (tokens === 0) this.#promptTokens += promptTokens;
    this.#endToEnd.observe(ended - arrived);
    this.#queue.observe(started - arrived);
    this.#prefill.observe(first - started);
    this.#decode.observe(last - first);
    this.#inference.observe(last - started);
    if (tokens > 1) this.#perOutputToken.observe((last - first) / (tokens - 1));
    this.#promptSizes.observe(promptTokens);
    this.#answerSizes.observe(tokens);
  }

  /** The text of `/metrics`. All of a server's traffic is under its base model, as vLLM has it. */
  render(model: string, { running, waiting, kvUsage, adapters }: LiveState): string {
    const text = new Exposition({ model_name: model, engine: '0' });
    text
      .gauge('vllm:num_requests_running', 'Requests that are being answered.', { value: running })
      .gauge('vllm:num_requests_waiting', 'Requests that wait in line.', { value: waiting })
      .gauge('vllm:kv_cache_usage_perc', 'Share of the context places that running answers hold; 1 = all.', {
        value: kvUsage,
      })
      .counter('vllm:prefix_cache_queries_total', 'Prompt tokens looked up among those of earlier requests.', {
        value: this.#cacheQueries,
      })
      .counter('vllm:prefix_cache_hits_total', 'Prompt tokens that an earlier request had already read.', {
        value: this.#cacheHits,
      })
      .counter('vllm:prompt_tokens_total', 'Prompt tokens of requests that were read.', { value: this.#promptTokens })
      .counter('vllm:prompt_tokens_cached_total', 'Prompt tokens that did not have to be read.', {
        value: this.#cachedTokens,
      })
      .counter('vllm:generation_tokens_total', 'Tokens written.', { value: this.#generatedTokens })
      .counter(
        'vllm:request_success_total',
        'Requests that ended, by reason.',
        ...[...this.#finished].map(([finished_reason, value]) => ({ labels: { finished_reason }, value })),
      )
      .histogram('vllm:time_to_first_token_seconds', 'From arrival to the first token.', this.#firstToken)
      .histogram('vllm:inter_token_latency_seconds', 'From one token to the next.', this.#interToken)
      .histogram(
        'vllm:request_time_per_output_token_seconds',
        'Mean time of a token after the first, by request.',
        this.#perOutputToken,
      )
      .histogram('vllm:e2e_request_latency_seconds', 'From arrival to the end of the answer.', this.#endToEnd)
      .histogram('vllm:request_queue_time_seconds', 'From arrival until it is begun.', this.#queue)
      .histogram('vllm:request_prefill_time_seconds', 'From its beginning to the first token.', this.#prefill)
      .histogram('vllm:request_decode_time_seconds', 'From the first token to the last.', this.#decode)
      .histogram('vllm:request_inference_time_seconds', 'From its beginning to the last token.', this.#inference)
      .histogram('vllm:request_prompt_tokens', 'Prompt tokens by request.', this.#promptSizes)
      .histogram('vllm:request_generation_tokens', 'Tokens written by request.', this.#answerSizes);
    if (adapters.length > 0) {
      const labels = { max_lora: String(adapters.length), running_lora_adapters: adapters.join(',') };
      text.gauge('vllm:lora_requests_info', 'Adapters that are loaded; the value is the time.', {
        labels: { ...labels, waiting_lora_adapters: '' },
        value: Math.round(Date.now() / 1000),
      });
    }
    const { user, system } = process.cpuUsage();
    return text
      .process('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', process.memoryUsage.rss())
      .process('process_start_time_seconds', 'gauge', 'Start of the process since 1970, in seconds.', this.#startedAt)
      .process('process_cpu_seconds_total', 'counter', 'Processor time in seconds.', (user + system) / 1e6)
      .toString();
  }
}

interface RequestTimes {
  readonly arrived: number;
  readonly started: number;
  readonly first: number;
  readonly last: number;
  readonly ended: number;
  readonly tokens: number;
}

interface RequestEvents {
  reused(tokens: number): void;
  firstToken(seconds: number): void;
  token(sinceLast: number | undefined): void;
  ended(reason: FinishedReason, times: RequestTimes | undefined): void;
}

const now = (): number => performance.now() / 1000;

/** The times of one request; tells its server's metrics as they happen. */
export class RequestRecord {
  readonly promptTokens: number;
  readonly #events: RequestEvents;
  readonly #arrived = now();
  #started: number | undefined;
  #first: number | undefined;
  #last = 0;
  #tokens = 0;

  constructor(promptTokens: number, events: RequestEvents) {
    this.promptTokens = promptTokens;
    this.#events = events;
  }

  started(): void {
    this.#started = now();
  }

  reused(tokens: number): void {
    this.#events.reused(tokens);
  }

  token(): void {
    const at = now();
    this.#events.token(this.#first === undefined ? undefined : at - this.#last);
    if (this.#first === undefined) {
      this.#first = at;
      this.#events.firstToken(at - this.#arrived);
    }
    this.#last = at;
    this.#tokens += 1;
  }

  ended(reason: FinishedReason): void {
    const ended = now();
    const started = this.#started;
    const times = started === undefined ? undefined : this.#times(started, ended);
    this.#events.ended(reason, times);
  }

  #times(started: number, ended: number): RequestTimes {
    const last = this.#tokens > 0 ? this.#last : ended;
    return { arrived: this.#arrived, started, first: this.#first ?? last, last, ended, tokens: this.#tokens };
  }
}

/** 1, 2, 5, 10, 20, 50 … up to `most`, as vLLM bounds counts of tokens. */
function oneTwoFive(most: number): number[] {
  const bounds: number[] = [];
  for (let power = 1; power <= most; power *= 10) bounds.push(power, 2 * power, 5 * power);
  return bounds.filter((bound) => bound <= most);
}
