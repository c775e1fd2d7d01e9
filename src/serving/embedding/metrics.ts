import { Exposition, Histogram } from '../http/prometheus.ts';

// Bounds in seconds: a query takes milliseconds, a request of thousands of passages minutes.
const SECONDS = [
  0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 60, 120, 240, 480, 960,
];
const TEXTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const TOKENS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];

/** How a request ended; the words are vLLM's. */
export type EmbeddingEnd = 'stop' | 'abort' | 'error';
const ENDS: readonly EmbeddingEnd[] = ['stop', 'abort', 'error'];

/** One request: tells its server's metrics what became of it. */
export interface EmbeddingRecord {
  started(): void;
  ended(end: EmbeddingEnd, tokens?: number): void;
}

/**
 * What an embedder server has done since its start: in vLLM's names where they mean the same, so that panels made for
 * its pooling runner fit; ours (`ragtui:`) for the rest.
 */
export class EmbeddingMetrics {
  readonly #startedAt = Date.now() / 1000 - process.uptime();
  readonly #ends = new Map(ENDS.map((end) => [end, 0]));
  readonly #endToEnd = new Histogram(SECONDS);
  readonly #queue = new Histogram(SECONDS);
  readonly #inference = new Histogram(SECONDS);
  readonly #tokens = new Histogram(TOKENS);
  readonly #texts = new Histogram(TEXTS);
  #running = 0;
  #waiting = 0;
  #promptTokens = 0;
  #embedded = 0;
  #restarts = 0;

  /** Requests being answered or in line. */
  get load(): number {
    return this.#running + this.#waiting;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Seconds an answer took on average, from its start to its end; 0 before the first. */
  get meanSeconds(): number {
    const { buckets, sum } = this.#inference.state;
    return sum / (buckets.at(-1)?.[1] || 1);
  }

  /** A dead embedder process was replaced. */
  restarted(): void {
    this.#restarts += 1;
  }

  /** A request for so many texts has come. */
  request(texts: number): EmbeddingRecord {
    const arrived = performance.now();
    let started: number | undefined;
    this.#waiting += 1;
    return {
      started: () => {
        started = performance.now();
        this.#waiting -= 1;
        this.#running += 1;
      },
      ended: (end, tokens = 0) => {
        if (started === undefined) this.#waiting -= 1;
        else this.#running -= 1;
        this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
        if (end !== 'stop' || started === undefined) return;
        const now = performance.now();
        this.#endToEnd.observe((now - arrived) / 1000);
        this.#queue.observe((started - arrived) / 1000);
        this.#inference.observe((now - started) / 1000);
        this.#tokens.observe(tokens);
        this.#texts.observe(texts);
        this.#promptTokens += tokens;
        this.#embedded += texts;
      },
    };
  }

  /** The text of `/metrics`. */
  render(model: string, processes: number): string {
    const text = new Exposition({ model_name: model, engine: '0' })
      .gauge('vllm:num_requests_running', 'Requests that are being answered.', { value: this.#running })
      .gauge('vllm:num_requests_waiting', 'Requests that wait in line.', { value: this.#waiting })
      .counter('vllm:prompt_tokens_total', 'Tokens of texts that were embedded.', { value: this.#promptTokens })
      .counter(
        'vllm:request_success_total',
        'Requests that ended, by how.',
        ...ENDS.map((end) => ({ labels: { finished_reason: end }, value: this.#ends.get(end) ?? 0 })),
      )
      .histogram('vllm:e2e_request_latency_seconds', 'From arrival to the end of the answer.', this.#endToEnd)
      .histogram('vllm:request_queue_time_seconds', 'From arrival until it is begun.', this.#queue)
      .histogram('vllm:request_inference_time_seconds', 'From its beginning to its end.', this.#inference)
      .histogram('vllm:request_prompt_tokens', 'Tokens by request.', this.#tokens)
      .histogram('ragtui:request_texts', 'Texts by request.', this.#texts)
      .counter('ragtui:texts_total', 'Texts that were embedded.', { value: this.#embedded })
      .counter('ragtui:embedder_restarts_total', 'Times a dead embedder process was replaced.', {
        value: this.#restarts,
      })
      .gauge('ragtui:embedder_processes', 'Embedder processes that run.', { value: processes });
    const { user, system } = process.cpuUsage();
    return text
      .process('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', process.memoryUsage.rss())
      .process('process_start_time_seconds', 'gauge', 'Start of the process since 1970, in seconds.', this.#startedAt)
      .process('process_cpu_seconds_total', 'counter', 'Processor time in seconds.', (user + system) / 1e6)
      .toString();
  }
}
