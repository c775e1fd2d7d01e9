import { type ChatResult, streamChat } from '../../models/endpoint.ts';
import { costOf } from '../../models/endpoint-cost.ts';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import type { Message, Sampling } from '../../rag/types.ts';
import { llmResolver, type ResolvedLlm } from '../../serving/resolve.ts';
import type { Made } from './types.ts';
import { NO_USAGE, type Usage } from './usage.ts';

/** Tries of one request where its endpoint says nothing else: a long job can wait. */
const RETRIES = 5;
/** So many failures in a row are no accident of one request: the server is gone or refuses us. */
const MOST_FAILURES = 5;

/** What an LLM said, as the journal keeps it. */
export interface Said {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'filtered';
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

export interface AskerOptions {
  readonly signal: AbortSignal;
  readonly onStatus: (text: string) => void;
}

/** One LLM that is asked many times: found or started once, again when its server went away, its tokens counted. */
export class Asker {
  private used: Usage = NO_USAGE;
  private failures = 0;

  private constructor(
    private readonly resolve: () => Promise<ResolvedLlm>,
    private server: ResolvedLlm,
    private readonly signal: AbortSignal,
    private readonly onStatus: (text: string) => void,
  ) {}

  /** Errors: those of finding and starting the LLM. */
  static async start(paths: WorkspacePaths, llm: string, { signal, onStatus }: AskerOptions): Promise<Asker> {
    const resolve = () => llmResolver(paths)(llm, { signal, onStatus });
    return new Asker(resolve, await resolve(), signal, onStatus);
  }

  /**
   * Asks, with the tries that the endpoint allows; then once more if the server is back elsewhere. Errors: `cancelled`,
   * and `unavailable` after too many failures in a row; the fault of one request is thrown as it is.
   */
  async ask(messages: readonly Message[], sampling: Sampling): Promise<Said> {
    try {
      const { text, finish, usage } = await this.persistently(messages, sampling);
      this.failures = 0;
      if (finish === 'cancelled') throw new RagtuiError('cancelled', 'The job was asked to stop.');
      const { promptTokens = null, completionTokens = null } = usage ?? {};
      return { text, finish, promptTokens, completionTokens };
    } catch (error) {
      const { code, message, hint } = toRagtuiError(error);
      if (this.signal.aborted || code === 'cancelled') throw error;
      this.failures += 1;
      if (this.failures < MOST_FAILURES && code !== 'permission' && code !== 'not-found') throw error;
      throw new GaveUp(code, message, hint, this.failures);
    }
  }

  private async persistently(messages: readonly Message[], sampling: Sampling): Promise<ChatResult> {
    const request = { messages, sampling, ...(this.server.embedded ? { strict: true } : {}) };
    const send = () =>
      streamChat({ ...this.server, retries: this.server.retries ?? RETRIES }, request, {
        signal: this.signal,
        onStatus: this.onStatus,
      });
    try {
      return await send();
    } catch (error) {
      const { code } = toRagtuiError(error);
      if (!this.server.embedded || (code !== 'unavailable' && code !== 'network')) throw error;
      this.server = await this.resolve();
      return send();
    }
  }

  /** Counts what was said, now or in an earlier job of the same work. */
  count({ promptTokens, completionTokens }: Said): void {
    this.used = {
      requests: this.used.requests + 1,
      promptTokens: this.used.promptTokens + (promptTokens ?? 0),
      completionTokens: this.used.completionTokens + (completionTokens ?? 0),
    };
  }

  get usage(): Usage {
    return this.used;
  }

  /** What the tokens counted so far cost; null where no prices are set. */
  get cost(): Made['cost'] {
    return costOf(this.server.prices, this.used);
  }
}

/** The error that ends the job: what is finished is kept. */
export class GaveUp extends RagtuiError {
  constructor(code: RagtuiError['code'], message: string, hint: string, failures: number) {
    const told = failures > 1 ? `${failures} requests in a row failed; the last: ${message}` : message;
    super(code, told, `${hint} What is finished is kept: ragtui jobs resume ID goes on from there.`.trim());
  }
}
